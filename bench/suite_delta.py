"""Deltas: how soon a change arrives, what a cycle costs that finds nothing, and how fast one is that finds much."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import probes
from cluster import Cluster
from org import FIELDS, Org
from report import Figure
from sizes import Sizes

# No pause, and nothing held back.
AT_ONCE = {"sync": {"pause": "0s", "lag": "0s"}}
# Deltas come when they are asked for, and read up to now.
WHEN_ASKED = {"sync": {"pause": "1d", "lag": "0s"}}

OBJECTS = ["Account", "User", "Call2_vod__c", "Call2_Key_Message_vod__c", "Multichannel_Activity_vod__c",
           "Multichannel_Activity_Line_vod__c"]
ALL_OBJECTS = {"personAccounts": {}, "users": {}, "calls": {}, "callKeyMessages": {}, "custom": OBJECTS[4:]}
SCALED_TO = 20
BARE_LOOP = "a bare loop, poll and update"


def run(sizes: Sizes) -> Iterator[Figure]:
    yield from latency(min(100_000, sizes.delta), sizes.changes)
    yield from empty_cycle()
    yield from large(sizes)


# -- one change

def latency(records: int, changes: int) -> Iterator[Figure]:
    org = Org(records)
    with Cluster(org, settings=AT_ONCE) as cluster:
        cluster.copy(org)
        latencies = probes.measure(org, changes)
        cluster.end_roles()
        bare = probes.median(probes.measure_bare(org, max(10, changes // 4))) * 1000
    note = ("the org's stamps have whole seconds and a window ends with the second before, so half a second of each "
            "latency is the wait for a second's end; sync.lag (10 s unless changed) and sync.pause come on top")
    for what, seconds in (("row", latencies.row), ("event", latencies.event)):
        yield Figure("delta", f"from change to {what}, median", probes.median(seconds) * 1000, "ms", bare, BARE_LOOP,
                     note=note if what == "row" else "", details={"each": seconds})
        yield Figure("delta", f"from change to {what}, p99", probes.p99(seconds) * 1000, "ms", bare, BARE_LOOP)


# -- no change

def empty_cycle(rounds: int = 5) -> Iterator[Figure]:
    """Counted for the objects that the simulated org has, and scaled."""
    org = Org(2000, objects=ALL_OBJECTS)
    scale = SCALED_TO / len(OBJECTS)
    calls, seconds, cpu, bare = [], [], [], []
    asked: dict = {}
    with Cluster(org, settings=WHEN_ASKED) as cluster:
        cluster.copy(org)
        for _ in range(rounds):
            cluster.progress.wait_until_at_rest(org.tenant)
            calls_before, cpu_before = org.api_calls(), cluster.coordinator.cpu_seconds()
            org.forget_requests()
            seconds.append(cluster.progress.lasted(cluster.delta(org)))
            calls.append(org.api_calls() - calls_before)
            asked = org.simulator("requests")["endpoints"]
            cpu.append(cluster.coordinator.cpu_seconds() - cpu_before)
            bare.append(ask_bare(org))
    calls, seconds, cpu, bare = map(statistics.median, (calls, seconds, cpu, bare))
    yield Figure("delta", f"an empty cycle of {SCALED_TO} objects", calls * scale, "API calls", SCALED_TO,
                 "one for each object", details={"objects": OBJECTS, "requests": asked},
                 note=f"the empty cycle was measured with {len(OBJECTS)} objects and scaled: {calls:.0f} API calls, "
                      f"{seconds * 1000:.0f} ms, {cpu * 1000:.0f} ms of the coordinator's processor time")
    yield Figure("delta", f"an empty cycle of {SCALED_TO} objects", seconds * scale * 1000, "ms",
                 bare * scale * 1000, "bare describes and counts")


def ask_bare(org: Org) -> float:
    """Seconds for what an empty cycle has to ask, one after the other: each object's schema, and what has changed."""
    begin = time.monotonic()
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 900))
    for name in OBJECTS:
        org.api(f"/sobjects/{name}/describe")
        org.api("/queryAll?" + urlencode({"q": f"SELECT COUNT() FROM {name} WHERE SystemModstamp >= {since}"}))
    return time.monotonic() - begin


# -- much of much

def large(sizes: Sizes, changed: int = 1000) -> Iterator[Figure]:
    org = Org(sizes.delta)
    # The many are read in bulk, as millions are, and the few by REST.
    sync = WHEN_ASKED["sync"] | {"restBelowRows": sizes.mass // 2}
    with Cluster(org, settings={"sync": sync}) as cluster:
        org.objects = {"personAccounts": org.thirty_fields()}
        cluster.configure(org)
        cluster.copy(org)
        first = rate(cluster, cluster.progress.newest(org.tenant, "initial"))

        few = update(org, changed, seed=1)
        seconds = cluster.progress.lasted(cluster.delta(org))
        query = (f"SELECT {', '.join(FIELDS)} FROM Account WHERE SystemModstamp >= {probes.literal(few['stamp'])} "
                 "ORDER BY SystemModstamp, Id")
        cheapest = min(timed_query(org, query, changed) for _ in range(3))
        yield Figure("delta", f"{changed:,} changed among {sizes.delta:,} rows", seconds * 1000, "ms", cheapest * 1000,
                     "the query that finds them")

        def mass(seed: int | None) -> float:
            """Rows a second of a delta, after a mass update if there is a seed."""
            if seed:
                update(org, sizes.mass, seed)
            return rate(cluster, cluster.delta(org))

        told = mass(seed=2)
        yield Figure("delta", f"{sizes.mass:,} rows updated at once", told, "rows/s", first, "the first copy")
        yield Figure("delta", "their events", published(cluster, told), "events/s", told, "their rows")

        # The overlap has these rows read once more; after that it reaches back to this side of them.
        org.simulator("clock", {"advanceSeconds": 3600})
        yield Figure("delta", "the same rows read again, equal", mass(seed=None), "rows/s", first, "the first copy")

        cluster.end_roles()
        cluster.progress.row("with gone as (delete from acme.crmsync_outbox returning 1) select count(*) from gone")
        org.events = {"enabled": False}
        cluster.configure(org)
        cluster.start()
        yield Figure("delta", f"{sizes.mass:,} rows updated, without events", mass(seed=3), "rows/s", first,
                     "the first copy")


def published(cluster: Cluster, rows: float, longest: float = 20) -> float:
    """Events a second that leave the outbox while no more come in; as many as rows where it has kept up with these."""
    def waiting() -> int:
        return cluster.progress.row("select count(*) from acme.crmsync_outbox")[0]
    before, begin = waiting(), time.monotonic()
    if before == 0:
        return rows
    while (left := waiting()) and time.monotonic() - begin < longest:
        time.sleep(0.1)
    return (before - left) / (time.monotonic() - begin)


def update(org: Org, count: int, seed: int) -> dict:
    return org.change("update", where="IsPersonAccount = true", sample=count, seed=seed,
                      set={"FirstName": f"Updated {seed}"})


def timed_query(org: Org, query: str, rows: int) -> float:
    begin = time.monotonic()
    found = len(org.query_all(query))
    seconds = time.monotonic() - begin
    if found < rows:
        raise RuntimeError(f"the query that should find {rows} rows found {found}")
    return seconds


def rate(cluster: Cluster, cycles: list[int]) -> float:
    """Rows a second of whole cycles, planning included."""
    return cluster.progress.moved(cycles)[0] / cluster.progress.lasted(cycles)
