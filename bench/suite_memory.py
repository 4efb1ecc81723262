"""Peak memory of a worker and of the coordinator: the same whatever the size of the org."""

from __future__ import annotations

from collections.abc import Iterator

from cluster import IN_BULK, Cluster
from org import Org
from report import Figure
from sizes import Sizes

GOAL_MB = 100


def run(sizes: Sizes) -> Iterator[Figure]:
    small, large = (measure(count) for count in sizes.memory)
    for role, peak in large.items():
        yield Figure("memory", f"{role}, {sizes.memory[1]:,} accounts", peak, "MB", goal=f"<= {GOAL_MB}")
        yield Figure("memory", f"{role}, {sizes.memory[1]:,} accounts", peak, "MB", small[role],
                     f"{sizes.memory[0]:,} accounts", goal="<= 1.2")


def measure(records: int) -> dict[str, float]:
    org = Org(records)
    with Cluster(org, settings=IN_BULK) as cluster:
        cluster.copy(org)
        roles = {"worker": cluster.workers[0], "coordinator": cluster.coordinator}
        return {role: process.peak_memory() / 1e6 for role, process in roles.items()}
