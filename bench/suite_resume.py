"""SIGKILL to coordinator and workers in the middle of a copy: how long until the first newly committed page."""

from __future__ import annotations

import statistics
import time

import psycopg
from cluster import Cluster, database, progress
from report import Figure

RECORDS = 1_000_000
ROUNDS = 5


def run(records: int | None) -> list[Figure]:
    count = records or RECORDS
    times: list[float] = []
    # A hundred pages in ten jobs, so that every round has some left.
    settings = {"sync": {"pageRows": max(1000, count // 100), "partitionRows": max(1000, count // 10)}}
    with Cluster(count, settings=settings) as cluster, database() as connection:
        cluster.start(workers=2)
        for round_number in range(ROUNDS):
            wait_for_rows(connection, count * (round_number + 1) // (ROUNDS + 3))
            cluster.kill()
            time.sleep(0.5)  # a server process may still finish what it was sent
            before = progress(connection)[1]
            begin = time.monotonic()
            cluster.start(workers=2)
            wait_for_rows(connection, before + 1)
            times.append(time.monotonic() - begin)
        cluster.wait_until_synced()
        state, rows = progress(connection)
    details = {"rounds": times, "end": state, "rows": rows}
    return [
        Figure("resume", "from restart to the first new page, median", statistics.median(times), "s", details=details),
        Figure("resume", "from restart to the first new page, worst", max(times), "s"),
    ]


def wait_for_rows(connection: psycopg.Connection, rows: int) -> None:
    deadline = time.monotonic() + 300
    while progress(connection)[1] < rows:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{rows} rows were not reached within 300 s")
        time.sleep(0.01)
