"""Measures crmsync against the limits of this machine: ./dev bench [NAME…] [--quick] [--records N]"""

from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback

import report
import sizes
import suite_copy
import suite_delta
import suite_latency
import suite_marketo
import suite_memory
import suite_plan
import suite_resume
import suite_tenants
import suite_writeback

SUITES = {
    "copy": suite_copy.run,
    "memory": suite_memory.run,
    "latency": suite_latency.run,
    "resume": suite_resume.run,
    "plan": suite_plan.run,
    "delta": suite_delta.run,
    "tenants": suite_tenants.run,
    "marketo": suite_marketo.run,
    "writeback": suite_writeback.run,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="NAME", help=f"of {', '.join(SUITES)}; all where none is named")
    parser.add_argument("--quick", action="store_true", help="small figures: all suites in about five minutes")
    parser.add_argument("--records", type=int, metavar="N", help="Person Accounts, in place of the suites' own numbers")
    options = parser.parse_args()
    unknown = set(options.suites) - set(SUITES)
    if unknown:
        parser.error(f"there is no suite {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    if options.records is not None and options.records < 1000:
        parser.error("--records needs a number of 1000 or more")
    size = sizes.QUICK if options.quick else sizes.FULL
    if options.records:
        size = size.with_records(options.records)
    # So that the clusters' contexts end what they started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    figures: list[report.Figure] = []
    failed = False
    for name in options.suites or SUITES:
        begin = time.monotonic()
        print(f"  {name} …", flush=True)
        try:
            for figure in SUITES[name](size):
                figures.append(figure)
        except Exception:  # the other suites' figures are worth having
            failed = True
            traceback.print_exc()
        print(f"  {name} took {time.monotonic() - begin:.0f} s", flush=True)
    if figures:
        print(f"\n{report.summary(figures)}\n\n  written to {report.write(figures)}, and as Markdown beside it")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
