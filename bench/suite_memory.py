"""Peak memory of a worker and of the coordinator: the same whatever the size of the org."""

from __future__ import annotations

from cluster import Cluster
from report import Figure

SMALL, LARGE = 100_000, 5_000_000
GOAL_BYTES = 100_000_000


def run(records: int | None) -> list[Figure]:
    figures = []
    for count in (min(SMALL, records or SMALL), records or LARGE):
        with Cluster(count) as cluster:
            cluster.start(workers=1)
            cluster.wait_until_synced()
            for role, process in (("worker", cluster.workers[0]), ("coordinator", cluster.coordinator)):
                peak = process.peak_memory()
                figures.append(Figure(
                    "memory", f"{role}, {count:,} accounts", peak / 1e6, "MB", goal=f"< {GOAL_BYTES / 1e6:.0f} MB",
                    met=peak < GOAL_BYTES))
    for small, large in zip(figures[:2], figures[2:]):
        large.limit, large.ratio = small.value, large.value / small.value
    return figures
