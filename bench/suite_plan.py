"""What a job costs beside its records: planning, publishing and checkpointing of many, against bare statements on a
table of the same shape and bare messages through the same queue (see planning/)."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import stores
from process import BINARY
from report import Figure
from sizes import Sizes

TOOL = Path(BINARY).with_name("crmsync-bench")
STEPS = {
    "record": "bare inserts by the thousand", "dispatch": "bare updates by the hundred",
    "publish": "bare messages with confirms", "claim": "bare updates one by one",
    "checkpoint": "bare updates one by one",
}


def run(sizes: Sizes) -> Iterator[Figure]:
    stores.fresh()
    product = measure("product", sizes.jobs)
    bare = measure("bare", max(1000, sizes.jobs // 5))
    for step, against in STEPS.items():
        yield Figure("plan", step, product["jobs"] / product["seconds"][step], "jobs/s",
                     bare["jobs"] / bare["seconds"][step], against)
    whole, limit = (sum(run["seconds"].values()) / run["jobs"] * 1000 for run in (product, bare))
    yield Figure(
        "plan", f"a job in all, of {sizes.jobs:,}", whole, "ms", limit, "the same bare",
        details={"product": product, "bare": bare},
        note=f"a job costs {product['cpu'] / product['jobs'] * 1000:.2f} ms of our processor time and "
             f"{product['PostgreSQL'] / product['jobs'] * 1000:.2f} ms of PostgreSQL's")


def measure(which: str, jobs: int) -> dict:
    postgres, own = stores.postgres_cpu_seconds(), cpu_of_children()
    result = subprocess.run([TOOL, which], stdout=subprocess.PIPE, check=True, text=True, env=os.environ | {
        "BENCH_DATABASE": stores.DATABASE_URL, "BENCH_BROKER": stores.BROKER_URL, "BENCH_JOBS": str(jobs)})
    return json.loads(result.stdout) | {
        "cpu": cpu_of_children() - own, "PostgreSQL": stores.postgres_cpu_seconds() - postgres}


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
