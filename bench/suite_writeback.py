"""Write-back: how soon a marketer's change is in the org, and what it costs of the org's API."""

from __future__ import annotations

import time
from collections.abc import Iterator

import probes
from cluster import Cluster
from org import Org
from report import Figure
from sizes import Sizes
from stores import database, wait_until
from suite_delta import AT_ONCE, WHEN_ASKED

PER_CALL = 200  # records of a composite call


def run(sizes: Sizes) -> Iterator[Figure]:
    yield from latency(sizes.changes // 2)
    yield from calls()
    yield from calls_in_bulk()


def latency(changes: int) -> Iterator[Figure]:
    org = Org(20_000, objects={"personAccounts": {"writeBack": True}})
    with Cluster(org, settings=AT_ONCE) as cluster, database() as connection:
        cluster.copy(org)
        seconds, bare = [], []
        for number, record in enumerate(probes.persons(org, changes)):
            city = f"Bench {number}"
            begin = time.monotonic()
            connection.execute("update acme.person set city = %s where veeva_id = %s", (city, record))
            wait_until("a change is in the org", lambda: any(
                update["set"].get("PersonMailingCity") == city for update in org.simulator("updates")[-3:]), pause=0.005)
            seconds.append(time.monotonic() - begin)
        for number, record in enumerate(probes.persons(org, 20)):
            begin = time.monotonic()
            connection.execute("select city from acme.person where veeva_id = %s", (record,)).fetchone()
            org.update(record, PersonMailingCity=f"Bare {number}")
            bare.append(time.monotonic() - begin)
    limit = probes.median(bare) * 1000
    yield Figure("writeback", "from change to org, median", probes.median(seconds) * 1000, "ms", limit,
                 "a bare read and PATCH", details={"each": seconds})
    yield Figure("writeback", "from change to org, p99", probes.p99(seconds) * 1000, "ms", limit,
                 "a bare read and PATCH")


def calls(changed: int = 1000) -> Iterator[Figure]:
    used = calls_used(changed, 20_000)
    yield Figure("writeback", f"API calls for {changed:,} changed persons", used, "API calls",
                 2 * changed / PER_CALL, "one to read and one to write for each 200")


def calls_in_bulk(changed: int = 10_000) -> Iterator[Figure]:
    used = calls_used(changed, 20_000)
    yield Figure("writeback", f"API calls for each 1,000 of {changed:,} changed persons", used * 1000 / changed,
                 "API calls", 2 * 1000 / PER_CALL, "composite calls: one to read and one to write for each 200")


def calls_used(changed: int, persons: int) -> int:
    org = Org(persons, objects={"personAccounts": {"writeBack": True}})
    with Cluster(org, settings=WHEN_ASKED) as cluster, database() as connection:
        cluster.copy(org)
        cluster.progress.wait_until_at_rest(org.tenant)
        before = org.api_calls()
        connection.execute("""
            update acme.person set city = 'Changed' where veeva_id in (
              select veeva_id from acme.person where not veeva_is_deleted order by veeva_id limit %s)""", (changed,))
        wait_until("all changes are written", lambda: len(org.simulator("updates")) >= changed, pause=0.2)
        wait_until("all changes are settled", lambda: cluster.progress.row(
            "select count(*) = 0 from acme.crmsync_capture where due < 'infinity'")[0])
        return org.api_calls() - before
