"""Whether a tenant's first copy holds up another tenant's deltas, on one coordinator and one worker."""

from __future__ import annotations

from collections.abc import Iterator

import probes
from cluster import Cluster
from org import Org
from report import Figure
from sizes import Sizes
from stores import wait_until
from suite_delta import AT_ONCE

FEWEST = 10  # changes during the load, for a median that says something


def run(sizes: Sizes) -> Iterator[Figure]:
    small, large = Org(20_000, tenant="small"), Org(sizes.tenants, tenant="large", place=1)
    with Cluster(small, large, settings=AT_ONCE) as cluster:
        cluster.configure(small)
        cluster.copy(small)
        alone = probes.measure(small, sizes.changes // 2)
        cluster.end_roles()
        cluster.configure(small, large)
        cluster.start()
        wait_until("the large tenant's copy has begun", lambda: cluster.progress.rows_committed_of("large") > 0)
        loading = probes.measure(small, sizes.changes, goes_on=lambda: not cluster.progress.is_copied("large"))
    if len(loading.row) < FEWEST:
        raise RuntimeError(f"the load ended after {len(loading.row)} changes; measure with more --records")
    for what in ("row", "event"):
        beside, by_itself = getattr(loading, what), getattr(alone, what)
        yield Figure("tenants", f"B's change to {what} while A loads, median", probes.median(beside) * 1000, "ms",
                     probes.median(by_itself) * 1000, "B alone", details={"loading": beside, "alone": by_itself})
        yield Figure("tenants", f"B's change to {what} while A loads, p99", probes.p99(beside) * 1000, "ms",
                     probes.p99(by_itself) * 1000, "B alone")
