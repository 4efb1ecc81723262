#!/usr/bin/env python3
"""Consumes change events of crmsync: each is handled once, although it may be delivered more often.

    pip install pika
    AMQP_URL=amqp://user:password@127.0.0.1:5672/crmsync ./consume_events.py 'acme.call.*'
"""

import json
import os
import sqlite3
import sys

import pika

EXCHANGE = "crmsync.events"
QUEUE = "crmsync-example"


def handle(event, memory):
    """The work. What it writes to `memory` is committed together with the event's id, or not at all."""
    data = event["data"]
    before, after = data["before"] or {}, data["after"] or {}
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    print(event["type"], event["subject"], ", ".join(changed), flush=True)


def take(body, memory):
    """Handles an event unless that was done before."""
    event = json.loads(body)
    if event["specversion"] != "1.0":
        raise ValueError("CloudEvents " + event["specversion"] + " is not known here")
    with memory:
        known = memory.execute("insert or ignore into handled (id) values (?)", (event["id"],)).rowcount == 0
        if not known:
            handle(event, memory)


def main():
    memory = sqlite3.connect("handled.sqlite")
    memory.execute("create table if not exists handled (id text primary key, at text default current_timestamp)")
    memory.execute("delete from handled where at < datetime('now', '-7 days')")
    memory.commit()

    connection = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))
    channel = connection.channel()
    channel.exchange_declare(EXCHANGE, exchange_type="topic", durable=True)
    channel.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    for pattern in sys.argv[1:] or ["#"]:
        channel.queue_bind(QUEUE, EXCHANGE, pattern)
    channel.basic_qos(prefetch_count=50)

    for method, _, body in channel.consume(QUEUE):
        take(body, memory)
        # Only now: what dies before this gets the event again, and knows it.
        channel.basic_ack(method.delivery_tag)


if __name__ == "__main__":
    main()
