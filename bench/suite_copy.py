"""The first copy by one worker process: against `psql \\copy` of the same rows into the same tables, and a script."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cluster import IN_BULK, Cluster
from org import FIELDS, PERSONS, Org
from report import Figure
from sizes import Sizes
from stores import DATABASE_URL, WORK, copy_again, database, secret


def run(sizes: Sizes) -> Iterator[Figure]:
    yield from persons(sizes.copy)
    yield calls(sizes.copy)


def persons(records: int) -> Iterator[Figure]:
    """Person Accounts with thirty fields, each written to two tables."""
    org = Org(records)
    with Cluster(org, settings=IN_BULK) as cluster:
        org.objects = {"personAccounts": org.thirty_fields()}
        cluster.configure(org)
        copy = cluster.copy(org)
        person, company = copy_again("acme.person"), copy_again("acme.company")
        both = 1 / (1 / person + 1 / company)
        copy["curl"] = org.download(WORK / "curl")
        rate = copy["rows"] / copy["seconds"]
        yield Figure("copy", "persons and companies", rate, "rows/s", both, "psql \\copy of both", details=copy,
                     note=where_time_goes(copy))
        yield Figure("copy", "persons and companies", rate, "rows/s", person, "psql \\copy of persons alone",
                     goal=">= 0.5")
        cluster.end_roles()
        script = run_script(org)
        yield Figure("copy", "the same from start to end", copy["rows"] / copy["wall"], "rows/s",
                     script["rows"] / script["seconds"], "a script, persons alone", details=script)


def calls(records: int) -> Figure:
    """Calls with all their fields, written to one table."""
    org = Org(1000, objects={"calls": {"months": 120}}, options=["--calls", str(records)])
    with Cluster(org, settings=IN_BULK) as cluster:
        copy = cluster.copy(org)
        return Figure("copy", "calls", copy["rows"] / copy["seconds"], "rows/s", copy_again("acme.call"),
                      "psql \\copy", goal=">= 0.8", details=copy)


def where_time_goes(copy: dict) -> str:
    used = ", ".join(f"{who} {seconds:.1f} s" for who, seconds in copy["cpu"].items())
    return (f"{copy['seconds']:.1f} s of copying ({copy['wall']:.1f} s from the start) on {os.cpu_count()} cores took "
            f"of their time: {used}; curl alone needs {copy['curl']:.1f} s for the pages")


def run_script(org: Org) -> dict:
    with database() as connection:
        connection.execute("create table script (like acme.person including all)")
        # The columns that the sync itself fills are filled here, too.
        connection.execute(
            "alter table script alter veeva_type set default 'Contact', alter synced_at set default now()")
        connection.execute("checkpoint")
    task = {"base": org.url, "client": "bench", "secret": secret("demo-veeva"),
            "query": f"SELECT {', '.join(FIELDS)} FROM Account WHERE {PERSONS}",
            "columns": list(FIELDS.values()), "table": "script", "folder": str(WORK)}
    result = subprocess.run(
        [sys.executable, Path(__file__).with_name("rival.py")], input=json.dumps(task), text=True,
        stdout=subprocess.PIPE, check=True, env=os.environ | {"RIVAL_DATABASE": DATABASE_URL})
    return json.loads(result.stdout)
