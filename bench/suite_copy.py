"""The full copy of Person Accounts with thirty fields by one worker process, against `psql \\copy` and a script."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import org
from cluster import SUPERUSER, WORK, Cluster, copied, database, one_row, postgres_cpu_seconds, secret
from report import Figure

RECORDS = 1_000_000


# Leaves the company's table alone, for comparison with a copy into one table.
PERSONS_ALONE = {"companies": False}


def run(records: int | None) -> list[Figure]:
    count = records or RECORDS
    both, limit, rival = measure(count, {})
    figures = [figure("persons and companies", both, limit, 0.5), beside_script("persons and companies", both, rival)]
    try:
        alone, limit, _ = measure(count, PERSONS_ALONE)
    except RuntimeError as error:
        print(f"  persons alone: not measured ({error})", flush=True)
        return figures
    return [figure("persons alone", alone, limit, 0.8), beside_script("persons alone", alone, rival), *figures]


def beside_script(what: str, run: dict, rival: dict) -> Figure:
    """Both from their start to their end; the script writes persons alone."""
    rate, script = run["rows"] / run["wall"], rival["rows"] / rival["seconds"]
    return Figure("copy", f"{what}, start to end, beside the script", rate, "rows/s", script, rate / script,
                  details={"script": rival})


def figure(what: str, run: dict, limit: float, goal: float) -> Figure:
    rate = run["rows"] / run["copying"]
    return Figure("copy", what, rate, "rows/s", limit, rate / limit, f">= {goal}", rate / limit >= goal, run)


def measure(records: int, account: dict) -> tuple[dict, float, dict]:
    """The product's run, `psql \\copy`'s rows/s on the same records, and the script's steps."""
    with Cluster(records) as cluster:
        cluster.account = {"exclude": org.fields_to_leave_out()} | account
        cluster.write_configuration()
        product = run_product(cluster)
        columns = list(org.FIELDS.values())
        make_equal_table()
        folder = WORK / "csv"
        shutil.rmtree(folder, ignore_errors=True)
        pages, fetching = org.download(folder)
        product["curl download"] = fetching
        limit = max(copy_with_psql(pages, columns) for _ in range(2))
        rival = {} if account else run_rival(columns)
        shutil.rmtree(folder)
        return product, limit, rival


def run_product(cluster: Cluster) -> dict:
    cpu = postgres_cpu_seconds()
    begin = time.monotonic()
    cluster.start(workers=1)
    cluster.wait_until_synced()
    wall = time.monotonic() - begin
    rows, copying = copied()
    with database() as connection:
        columns, = one_row(
            connection,
            "select count(*) from information_schema.columns where table_schema = 'acme' and table_name = 'person'")
    return {
        "rows": rows, "copying": copying, "wall": wall, "columns": columns,
        "cpu": {"worker": cluster.workers[0].cpu_seconds(), "coordinator": cluster.coordinator.cpu_seconds(),
                "postgres": postgres_cpu_seconds() - cpu, "org": cluster.org.cpu_seconds() if cluster.org else 0},
    }


def make_equal_table() -> None:
    with database() as connection:
        connection.execute("create schema equal")
        connection.execute("create table equal.person (like acme.person including all)")
        # The columns that the sync itself fills are filled here, too.
        connection.execute("alter table equal.person alter veeva_type set default 'Contact'")
        connection.execute("alter table equal.person alter synced_at set default now()")


def copy_with_psql(pages: list[Path], columns: list[str]) -> float:
    """Rows per second of one `psql \\copy` of all pages into an empty equal table."""
    everything = pages[0].parent / "all.csv"
    with everything.open("wb") as output:
        for page in pages:
            with page.open("rb") as source:
                source.readline()
                while block := source.read(1 << 20):
                    output.write(block.replace(b"\0", b""))  # PostgreSQL's text cannot hold it
    with database() as connection:
        connection.execute("truncate equal.person")
        connection.execute("checkpoint")
    server = urlsplit(SUPERUSER)
    names = ", ".join(columns)
    begin = time.monotonic()
    subprocess.run(
        ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(server.port), "-U", server.username or "",
         "-d", "bench", "-c",
         f"\\copy equal.person ({names}) from '{everything}' with (format csv, force_null ({names}))"],
        env=os.environ | {"PGPASSWORD": server.password or ""}, check=True)
    seconds = time.monotonic() - begin
    with database() as connection:
        rows, = one_row(connection, "select count(*) from equal.person")
    everything.unlink()
    return rows / seconds


def run_rival(columns: list[str]) -> dict:
    with database() as connection:
        connection.execute("truncate equal.person")
        connection.execute("checkpoint")
    server = urlsplit(SUPERUSER)
    url = server._replace(path="/bench").geturl()
    task = {"base": org.BASE, "client": "bench", "secret": secret("demo-veeva"), "query": org.QUERY,
            "columns": columns, "table": "equal.person", "folder": str(WORK)}
    result = subprocess.run(
        [sys.executable, Path(__file__).with_name("rival.py")], input=json.dumps(task), text=True,
        stdout=subprocess.PIPE, check=True, env=os.environ | {"RIVAL_DATABASE": url})
    return json.loads(result.stdout)
