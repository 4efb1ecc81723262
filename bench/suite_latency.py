"""With a slow source, more workers: how close to linear.

Each worker has one slot, so that only their number counts. Pages are as small as they may be, and of calls, which fill
one table, so that eight workers still wait for the source and not for this machine's processors. The source has prepared
its extracts before the workers start.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from cluster import Cluster
from org import Org
from report import Figure
from sizes import Sizes

PAGE_ROWS = 1000
JOBS = 32


def run(sizes: Sizes) -> Iterator[Figure]:
    for latency in sizes.latencies:
        one = None
        for workers in sizes.workers:
            rate = measure(sizes.latency, latency, workers)
            what = f"{workers} worker{'s' * (workers > 1)}, {latency} ms a request"
            if one is None:
                yield Figure("latency", what, rate, "rows/s")
            else:
                yield Figure("latency", what, rate, "rows/s", one * workers, f"{workers} times one worker",
                             goal=">= 0.85")
            one = one or rate


def measure(records: int, latency: int, workers: int) -> float:
    sync = {"pageRows": PAGE_ROWS, "partitionRows": max(PAGE_ROWS, records // JOBS), "restBelowRows": 0}
    org = Org(1000, objects={"calls": {"months": 120}}, veeva={"bulkJobs": JOBS, "concurrency": 2 * JOBS},
              options=["--calls", str(records), "--latency-ms", str(latency)])
    with Cluster(org, settings={"sync": sync}) as cluster:
        cluster.start_coordinator()
        cluster.progress.wait_until_prepared()
        begin = time.time()
        cluster.start_workers(workers, slots=1)
        cluster.progress.wait_until_copied()
        rows, end = cluster.progress.row(
            "select sum(rows_committed)::bigint, extract(epoch from max(last_page_at))::float8 from crmsync.job")
        return rows / (end - begin)
