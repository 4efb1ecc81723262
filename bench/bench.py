"""Measures crmsync against the limits of this machine: ./dev bench [NAME…] [--records N]"""

from __future__ import annotations

import argparse
import signal
import sys
import time

import report
import suite_copy
import suite_latency
import suite_memory
import suite_resume

SUITES = {
    "copy": suite_copy.run,
    "memory": suite_memory.run,
    "latency": suite_latency.run,
    "resume": suite_resume.run,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="NAME", help=f"of {', '.join(SUITES)}; all where none is named")
    parser.add_argument("--records", type=int, help="Person Accounts, for a smaller run than the figures' own")
    options = parser.parse_args()
    unknown = set(options.suites) - set(SUITES)
    if unknown:
        parser.error(f"there is no suite {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    # So that the clusters' contexts end what they started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    figures: list[report.Figure] = []
    failed = False
    for name in options.suites or SUITES:
        begin = time.monotonic()
        print(f"  {name} …", flush=True)
        try:
            figures += SUITES[name](options.records)
        except Exception as error:  # the other suites' figures are worth having
            failed = True
            print(f"  {name} failed: {error}", file=sys.stderr, flush=True)
        print(f"  {name} took {time.monotonic() - begin:.0f} s", flush=True)
    if figures:
        print(f"\n{report.table(figures)}\n\n  written to {report.write(figures)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
