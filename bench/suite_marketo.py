"""Deliveries to Marketo: what they cost of an instance's calls, and how near they come to what its limits allow."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

from cluster import Cluster
from marketo import PER_CALL, Marketo, least_seconds
from org import Org
from report import Figure
from sizes import Sizes
from stores import wait_until
from suite_delta import WHEN_ASKED, update


def run(sizes: Sizes) -> Iterator[Figure]:
    org = Org(sizes.leads)
    with Marketo() as marketo:
        org.destination = marketo.destination(org.tenant)
        with Cluster(org, settings=WHEN_ASKED) as cluster:
            cluster.copy(org)
            wait_until_delivered(cluster)
            # Each person is a lead and a company.
            records = 2 * cluster.progress.row("select count(*) from acme.person")[0]
            yield Figure("marketo", f"records for each call, first delivery of {records:,}", records / marketo.calls(),
                         "records", PER_CALL, "full calls; new leads are looked for by their address first")

            before = marketo.calls()
            update(org, records, seed=2)
            cluster.delta(org)
            begin = time.time()
            wait_until_delivered(cluster)
            last = cluster.progress.row(
                "select extract(epoch from max(delivered_at))::float8 from acme.crmsync_delivery")[0]
            seconds, calls = last - begin, marketo.calls() - before
            least = 2 * math.ceil(records / 2 / PER_CALL)
            yield Figure("marketo", f"records for each call, {records:,} updated", records / calls, "records",
                         records / least, "full calls", goal=">= 0.9")
            yield Figure("marketo", f"records a minute, {records:,} updated", records / seconds * 60, "records",
                         records / least_seconds(least) * 60, "what 100 calls in 20 s allow", goal=">= 0.9",
                         details={"seconds": seconds, "calls": calls})

            cluster.progress.wait_until_at_rest(org.tenant)
            veeva, before = org.api_calls(), marketo.calls()
            update(org, 1000, seed=3)
            cluster.delta(org)
            wait_until_delivered(cluster)
            yield Figure("marketo", "calls to Veeva for 1,000 changed persons", org.api_calls() - veeva, "API calls")
            yield Figure("marketo", "calls to Marketo for 1,000 changed persons", marketo.calls() - before, "API calls",
                         2 * math.ceil(1000 / PER_CALL), "full calls for leads and companies")


def wait_until_delivered(cluster: Cluster) -> None:
    def delivered() -> bool:
        cluster.check_alive()
        if not cluster.progress.row("select to_regclass('acme.crmsync_delivery') is not null")[0]:
            return False
        # A page's rows bear the time at which its transaction began: a collection that came before its end missed them.
        return cluster.progress.row(
            """
            select (select count(*) from acme.crmsync_delivery where entity = 'person' and delivered = wanted)
                = (select count(*) from acme.person)
              and (select min(collected_at) from acme.crmsync_delivery_mark where entity in ('person', 'company'))
                >= (select max(last_page_at) from crmsync.job where object = 'Account' and rows_committed > 0)
            """)[0]
    wait_until("everything is delivered", delivered, seconds=1800, pause=0.5)
