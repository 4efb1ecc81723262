"""How long single changes take from the org to the committed row, and to the event."""

from __future__ import annotations

import dataclasses
import json
import random
import statistics
import threading
import time
from collections.abc import Callable
from typing import Self

import pika
from org import Org
from stores import BROKER_URL, database

PER_SECOND = 4
LONGEST = 120  # seconds that a change may take before the measurement is given up
EXCHANGE = "crmsync.events"


@dataclasses.dataclass
class Latencies:
    """Seconds from just before each change."""

    row: list[float]
    event: list[float]


def median(seconds: list[float]) -> float:
    return statistics.median(seconds)


def p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(0.99 * (len(seconds) - 1) + 0.5)]


class Subscriber(threading.Thread):
    """Notes when the event of each new first name arrives. Use as a context."""

    def __init__(self, tenant: str):
        super().__init__(daemon=True)
        self.tenant = tenant
        self.seen: dict[str, float] = {}
        self.ready, self.stopping = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        self.start()
        if not self.ready.wait(30):
            raise RuntimeError("could not subscribe to events")
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.join()

    def run(self) -> None:
        with pika.BlockingConnection(pika.URLParameters(BROKER_URL)) as connection:
            channel = connection.channel()
            channel.exchange_declare(EXCHANGE, exchange_type="topic", durable=True)
            queue = channel.queue_declare("", exclusive=True).method.queue
            channel.queue_bind(queue, EXCHANGE, f"{self.tenant}.person.updated")
            self.ready.set()
            for method, _, body in channel.consume(queue, auto_ack=True, inactivity_timeout=0.1):
                if method:
                    name = (json.loads(body)["data"]["after"] or {}).get("first_name")
                    self.seen.setdefault(name, time.monotonic())
                if self.stopping.is_set():
                    return


def measure(org: Org, count: int, goes_on: Callable[[], bool] = lambda: True) -> Latencies:
    """Changes persons one by one, at moments of chance, as long as it goes on; then waits for what is under way."""
    chance = random.Random(count)
    names, sent, rows = f"Bench {chance.getrandbits(32):x} ", {}, []
    with database() as connection, Subscriber(org.tenant) as subscriber:
        waiting = persons(org, count)
        pending: dict[str, str] = {}
        next_change = time.monotonic()
        while waiting or pending or len(subscriber.seen.keys() & sent.keys()) < len(sent):
            now = time.monotonic()
            if waiting and not goes_on():
                waiting = []
            if waiting and now >= next_change:
                record, name = waiting.pop(), f"{names}{len(sent)}"
                sent[name] = time.monotonic()
                org.change("update", ids=[record], set={"FirstName": name})
                pending[record] = name
                next_change += chance.expovariate(PER_SECOND)
            found = connection.execute(
                f"select veeva_id from {org.tenant}.person where veeva_id = any(%s) and first_name like %s",
                (list(pending), f"{names}%")).fetchall()
            rows += [time.monotonic() - sent[pending.pop(record)] for record, in found]
            if sent and not waiting and now - max(sent.values()) > LONGEST:
                raise RuntimeError(f"of {len(sent)} changes {len(rows)} became rows within {LONGEST} s, and "
                                   f"{len(subscriber.seen.keys() & sent.keys())} events")
            time.sleep(0.005)
        return Latencies(rows, [subscriber.seen[name] - moment for name, moment in sent.items()])


def measure_bare(org: Org, count: int) -> list[float]:
    """The limit: a loop that asks for this change alone, without a pause, and updates its row."""
    seconds = []
    with database() as connection:
        for record in persons(org, count):
            name = f"Bare {len(seconds)}"
            begin = time.monotonic()
            since = literal(org.change("update", ids=[record], set={"FirstName": name})["stamp"])
            while not any(
                found["Id"] == record for found in
                org.query_all(f"SELECT Id, FirstName FROM Account WHERE SystemModstamp >= {since}")
            ):
                pass
            connection.execute(f"update {org.tenant}.person set first_name = %s where veeva_id = %s", (name, record))
            seconds.append(time.monotonic() - begin)
    return seconds


def persons(org: Org, count: int) -> list[str]:
    """Ids of so many persons of the copy, by chance."""
    with database() as connection:
        return [record for record, in connection.execute(
            f"select veeva_id from {org.tenant}.person where not veeva_is_deleted order by random() limit %s",
            (count,))]


def literal(stamp: str) -> str:
    """A moment of the org's JSON as SOQL takes it."""
    return stamp[:19] + "Z"
