"""With a slow source, more workers: how close to linear.

Each worker has one slot, so that only their number counts, and pages are so small that eight workers still wait for
the source and not for this machine's processors. The source has prepared its extracts before the workers start.
"""

from __future__ import annotations

import time

from cluster import Cluster, database, one_row
from report import Figure

RECORDS = 400_000
LATENCY_MS = 200
PAGE_ROWS = 1000
JOBS = 32
WORKERS = (1, 2, 4, 8)


def run(records: int | None) -> list[Figure]:
    figures: list[Figure] = []
    for workers in WORKERS:
        rate = measure(records or RECORDS, workers)
        linear = figures[0].value * workers if figures else None
        ratio = rate / linear if linear else None
        figures.append(Figure(
            "latency", f"{workers} worker{'s' * (workers > 1)}, {LATENCY_MS} ms a request", rate, "rows/s", linear, ratio,
            ">= 0.85" if ratio else "", ratio >= 0.85 if ratio else None))
    return figures


def measure(records: int, workers: int) -> float:
    settings = {"sync": {"pageRows": PAGE_ROWS, "partitionRows": max(PAGE_ROWS, records // JOBS), "restBelowRows": 0}}
    options = ["--latency-ms", str(LATENCY_MS)]
    with Cluster(records, org=options, settings=settings, veeva={"bulkJobs": JOBS}) as cluster:
        cluster.start_coordinator()
        cluster.wait_until_prepared()
        begin = time.time()
        cluster.start_workers(workers, slots=1)
        cluster.wait_until_synced()
        with database() as connection:
            rows, end = one_row(
                connection,
                "select sum(rows_committed)::bigint, extract(epoch from max(last_page_at))::float8 from crmsync.job")
        return rows / (end - begin)
