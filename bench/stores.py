"""PostgreSQL and RabbitMQ as the measurements use them: an empty database and an empty virtual host for each."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

LOCAL = Path(os.environ["ROOT"]) / ".local"
WORK = LOCAL / "bench"
SUPERUSER = urlsplit(os.environ["CRMSYNC_TEST_POSTGRES_URL"])
BROKER = urlsplit(os.environ["CRMSYNC_TEST_RABBITMQ_URL"])
MANAGEMENT = urlsplit(os.environ["CRMSYNC_TEST_RABBITMQ_MANAGEMENT_URL"])
NAME = "bench"  # of the database and of the virtual host

DATABASE_URL = SUPERUSER._replace(path=f"/{NAME}").geturl()
BROKER_URL = BROKER._replace(path=f"/{NAME}").geturl()


def secret(name: str) -> str:
    return (LOCAL / "secrets" / name).read_text()


def database(name: str = NAME) -> psycopg.Connection:
    """As superuser, each statement a transaction of its own."""
    return psycopg.connect(SUPERUSER.geturl(), dbname=name, autocommit=True)


def one_row(connection: psycopg.Connection, query: str, parameters: tuple = ()) -> tuple:
    row = connection.execute(query, parameters).fetchone()
    if row is None:
        raise RuntimeError(f"no row: {query}")
    return row


def fresh() -> None:
    """Empties both."""
    with database("postgres") as connection:
        connection.execute(f'drop database if exists "{NAME}" with (force)')
        connection.execute(f'create database "{NAME}" owner crmsync')
        connection.execute("checkpoint")
    manage("DELETE", f"vhosts/{NAME}")
    manage("PUT", f"vhosts/{NAME}", {})
    manage("PUT", f"permissions/{NAME}/crmsync", {"configure": ".*", "write": ".*", "read": ".*"})


def manage(method: str, path: str, body: dict | None = None) -> None:
    """A request to RabbitMQ's management API."""
    passwords = urllib.request.HTTPPasswordMgrWithPriorAuth()
    base = f"http://127.0.0.1:{MANAGEMENT.port}/api/"
    passwords.add_password(None, base, MANAGEMENT.username or "", MANAGEMENT.password or "", is_authenticated=True)
    opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords))
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, {"Content-Type": "application/json"}, method=method)
    try:
        opener.open(request, timeout=60).close()
    except urllib.error.HTTPError as error:
        if not (method == "DELETE" and error.code == 404):
            raise


def psql(command: str) -> float:
    """Runs a command of psql's in the database; the seconds it took."""
    begin = time.monotonic()
    subprocess.run(
        ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(SUPERUSER.port),
         "-U", SUPERUSER.username or "", "-d", NAME, "-c", command],
        env=os.environ | {"PGPASSWORD": SUPERUSER.password or ""}, check=True)
    return time.monotonic() - begin


def copy_again(table: str) -> float:
    """The limit of a copy: rows a second of `psql \\copy` of a table's own rows into an empty table like it.

    The better one of two. The file is CSV with every value in quotes, as the Bulk API's is.
    """
    file = WORK / "rows.csv"
    schema, name = table.split(".")
    equal = f"equal_{schema}.{name}"
    psql(f"\\copy {table} to '{file}' with (format csv, force_quote *)")
    with database() as connection:
        connection.execute(f"create schema if not exists equal_{schema}")
        connection.execute(f"create table {equal} (like {table} including all)")

    def once() -> float:
        with database() as connection:
            connection.execute(f"truncate {equal}")
            connection.execute("checkpoint")
        seconds = psql(f"\\copy {equal} from '{file}' with (format csv)")
        with database() as connection:
            return one_row(connection, f"select count(*) from {equal}")[0] / seconds

    rate = max(once(), once())
    file.unlink()
    with database() as connection:
        connection.execute(f"drop table {equal}")
    return rate


def wait_until(what: str, condition: Callable[[], bool], seconds: float = 300, pause: float = 0.02) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds:.0f} s: {what} (logs in {WORK})")
        time.sleep(pause)


def postgres_cpu_seconds() -> float:
    """What the server and all its backends, ended ones too, have used so far."""
    postmaster = int(subprocess.run(
        [os.environ["CRMSYNC_TEST_POSTGRES_CTL"], "status"], capture_output=True, check=True, text=True).stdout)
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, fields = int(stat.parent.name), stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if pid == postmaster:
            total += sum(int(fields[i]) for i in (11, 12, 13, 14))
        elif int(fields[1]) == postmaster:
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")
