"""With a slow source, more workers: how close to linear. Each has one slot, so that only their number counts."""

from __future__ import annotations

from cluster import Cluster, copied
from report import Figure

RECORDS = 200_000
LATENCY_MS = 200
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
    with Cluster(records, org=["--latency-ms", str(LATENCY_MS)], settings=SMALL_PIECES) as cluster:
        cluster.start(workers=workers, slots=1)
        cluster.wait_until_synced()
        rows, seconds = copied()
        return rows / seconds


# Pages small enough that eight workers still wait for the source and not for this machine's two cores.
SMALL_PIECES: dict = {}
