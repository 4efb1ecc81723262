"""How much is measured."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Person Accounts of each suite's org, unless said otherwise."""

    copy: int = 1_000_000
    memory: tuple[int, int] = (100_000, 5_000_000)
    latency: int = 200_000
    latencies: tuple[int, ...] = (50, 200)  # milliseconds
    workers: tuple[int, ...] = (1, 2, 4, 8)
    resume: int = 1_000_000
    kills: int = 5
    jobs: int = 100_000  # jobs
    changes: int = 200  # changes of single records, for the latency of a delta
    delta: int = 5_000_000
    mass: int = 1_000_000  # of them updated at once
    tenants: int = 2_000_000  # of the tenant that loads
    leads: int = 80_000

    def with_records(self, records: int) -> Sizes:
        return dataclasses.replace(
            self, copy=records, memory=(min(self.memory[0], records), records), latency=records, resume=records,
            delta=records, mass=min(self.mass, max(1, records // 2)), tenants=records, leads=records)


FULL = Sizes()
QUICK = Sizes(
    copy=100_000, memory=(50_000, 300_000), latency=20_000, latencies=(200,), workers=(1, 4), resume=200_000, kills=2,
    jobs=5_000, changes=40, delta=200_000, mass=100_000, tenants=400_000, leads=40_000)
