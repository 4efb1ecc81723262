"""SIGKILL to coordinator and workers in the middle of a copy: what is done again, and how soon it goes on."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from cluster import Cluster
from org import Org
from report import Figure
from sizes import Sizes

WORKERS, SLOTS = 2, 4


def run(sizes: Sizes) -> Iterator[Figure]:
    # Many small jobs: those of a killed worker wait until its lease has run out, and others are to be left.
    page_rows = max(1000, sizes.resume // 200)
    sync = {"pageRows": page_rows, "partitionRows": 2 * page_rows, "restBelowRows": 0}
    org = Org(sizes.resume, veeva={"bulkJobs": 20})
    resumed: list[float] = []
    with Cluster(org, settings={"sync": sync}) as cluster:
        first = until_new_page(cluster)
        for kill in range(sizes.kills):
            cluster.progress.wait_until_rows(sizes.resume * (kill + 1) // (sizes.kills + 3))
            cluster.kill()
            time.sleep(0.5)  # a server process may still finish what it was sent
            resumed.append(until_new_page(cluster))
        cluster.progress.wait_until_copied()
        listed = sizes.resume  # planning has read each id once
        again = max(0, org.rows_served() - listed - cluster.progress.rows_committed()) / sizes.kills
    yield Figure("resume", "fetched again per kill", again, "rows", WORKERS * SLOTS * page_rows,
                 "the pages in hand", goal="<= 1", details={"page": page_rows})
    for what, seconds in (("median", statistics.median(resumed)), ("worst", max(resumed))):
        yield Figure("resume", f"from restart to the next page, {what}", seconds, "s", first,
                     "from start to the first page", details={"each": resumed})


def until_new_page(cluster: Cluster) -> float:
    before = cluster.progress.rows_committed()
    begin = time.monotonic()
    cluster.start(WORKERS)
    cluster.progress.wait_until_rows(before + 1)
    return time.monotonic() - begin
