"""A crmsync cluster on this machine for one measurement: simulated org, coordinator, workers, empty stores."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import psycopg

BINARY = os.environ["BINARY"]
LOCAL = Path(os.environ["ROOT"]) / ".local"
WORK = LOCAL / "bench"
SUPERUSER = os.environ["CRMSYNC_TEST_POSTGRES_URL"]
BROKER = urlsplit(os.environ["CRMSYNC_TEST_RABBITMQ_URL"])
MANAGEMENT = urlsplit(os.environ["CRMSYNC_TEST_RABBITMQ_MANAGEMENT_URL"])
ORG_PORT = int(os.environ["PORT_VEEVA"])
NAME = "bench"  # of the database and of the virtual host

STALL_SECONDS = 300


def secret(name: str) -> str:
    return (LOCAL / "secrets" / name).read_text()


class Process:
    """A program of the cluster, its log and what it used."""

    def __init__(self, name: str, arguments: list[str], environment: dict[str, str]):
        self.name = name
        self.log = WORK / f"{name}.log"
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                [BINARY, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | environment)

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.popen.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_memory(self) -> int:
        """The most memory it ever had resident, in bytes."""
        for line in Path(f"/proc/{self.popen.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"{self.name} has ended (log: {self.log})")

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.popen.send_signal(how)
        try:
            self.popen.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


class Cluster:
    """Use as a context: everything ends with it.

    `account`, `veeva` and `settings` are what the configuration says of Person Accounts, of the org, and at its top;
    `org` are more options of the simulated org.
    """

    def __init__(self, records: int, *, account: dict | None = None, org: list[str] | None = None,
                 settings: dict | None = None, veeva: dict | None = None):
        self.records = records
        self.account = account or {}
        self.org_options = org or []
        self.settings = settings or {}
        self.veeva = veeva or {}
        self.org: Process | None = None
        self.roles: list[Process] = []

    def __enter__(self) -> Self:
        WORK.mkdir(parents=True, exist_ok=True)
        fresh_stores()
        self.write_configuration()
        try:
            self.start_org()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.roles:
            process.popen.terminate()
        for process in [*self.roles, *([self.org] if self.org else [])]:
            process.end()
        shutil.rmtree(WORK / "spool", ignore_errors=True)
        self.roles = []
        self.org = None

    # -- starting and ending

    @property
    def environment(self) -> dict[str, str]:
        return {
            "CRMSYNC_CONFIG": str(WORK / "crmsync.yaml"),
            "BENCH_POSTGRES_PASSWORD": secret("postgres-crmsync"),
            "BENCH_RABBITMQ_PASSWORD": BROKER.password or "",
        }

    def write_configuration(self) -> None:
        server = urlsplit(SUPERUSER)
        database = f"postgresql://crmsync:${{BENCH_POSTGRES_PASSWORD}}@127.0.0.1:{server.port}/{NAME}"
        broker = f"amqp://crmsync:${{BENCH_RABBITMQ_PASSWORD}}@127.0.0.1:{BROKER.port}/{NAME}"
        configuration = {
            "postgres": {"url": database},
            "rabbitmq": {"url": broker},
            "tenants": {
                "acme": {
                    "veeva": {
                        "loginURL": f"http://127.0.0.1:{ORG_PORT}",
                        "apiVersion": "62.0",
                        "auth": {"flow": "client-credentials", "clientID": "bench",
                                 "clientSecretFile": str(LOCAL / "secrets" / "demo-veeva")},
                    } | self.veeva,
                    "destination": {"postgres": {"url": database, "schema": "acme"}},
                    "objects": {"personAccounts": self.account},
                }
            },
        } | self.settings
        # JSON is YAML.
        (WORK / "crmsync.yaml").write_text(json.dumps(configuration, indent=2))

    def start_org(self) -> None:
        self.org = Process("org", [
            "simulate", "veeva", "--listen", f"127.0.0.1:{ORG_PORT}", "--records", str(self.records), "--seed", "1",
            "--client-id", "bench", "--client-secret-file", str(LOCAL / "secrets" / "demo-veeva"),
            "--spool", str(WORK / "spool"),
            *self.org_options], {})
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{ORG_PORT}/services/data", timeout=5).close()
                return
            except OSError:
                if self.org.popen.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the simulated org does not start (log: {self.org.log})") from None
                time.sleep(0.1)

    def start(self, workers: int = 1) -> None:
        self.start_coordinator()
        self.start_workers(workers)

    def start_coordinator(self) -> None:
        self.roles.append(Process("coordinator", ["coordinator"], self.environment))

    def start_workers(self, workers: int, slots: int | None = None) -> None:
        arguments = ["worker", *(["--slots", str(slots)] if slots else [])]
        self.roles += [Process(f"worker-{i + 1}", arguments, self.environment) for i in range(workers)]

    def kill(self) -> float:
        """SIGKILL to every role at once; the moment it happened."""
        moment = time.time()
        for process in self.roles:
            process.popen.kill()
        for process in self.roles:
            process.popen.wait()
        self.roles = []
        return moment

    @property
    def coordinator(self) -> Process:
        return self.roles[0]

    @property
    def workers(self) -> list[Process]:
        return self.roles[1:]

    # -- watching

    def wait_until_prepared(self) -> None:
        """Until every job waits for a worker."""
        deadline = time.monotonic() + STALL_SECONDS
        with database() as connection:
            while True:
                self.check_alive()
                if progress(connection)[0] == "running" and one_row(
                        connection, "select count(*) > 0 and bool_and(state = 'queued') from crmsync.job")[0]:
                    return
                if time.monotonic() > deadline:
                    raise RuntimeError(f"the jobs were not all queued within {STALL_SECONDS} s (logs in {WORK})")
                time.sleep(0.05)

    def wait_until_synced(self) -> None:
        """Until the first cycle has ended well; an error when it fails or nothing moves for long."""
        moved, before = time.monotonic(), -1
        with database() as connection:
            while True:
                self.check_alive()
                state, rows = progress(connection)
                if state == "done":
                    return
                if state == "failed":
                    raise RuntimeError(f"the copy failed (logs in {WORK})")
                if rows != before:
                    moved, before = time.monotonic(), rows
                elif time.monotonic() - moved > STALL_SECONDS:
                    raise RuntimeError(f"no row was committed for {STALL_SECONDS} s (logs in {WORK})")
                time.sleep(0.05)

    def check_alive(self) -> None:
        for process in self.roles:
            if process.popen.poll() is not None:
                raise RuntimeError(f"{process.name} ended with {process.popen.returncode} (log: {process.log})")


def one_row(connection: psycopg.Connection, query: str) -> tuple:
    row = connection.execute(query).fetchone()
    if row is None:
        raise RuntimeError(f"no row: {query}")
    return row


def copied() -> tuple[int, float]:
    """Rows committed, and the seconds from the first job's hand-over to the last page's commit."""
    with database() as connection:
        rows, seconds = one_row(
            connection,
            "select sum(rows_committed)::bigint, extract(epoch from max(last_page_at) - min(queued_at))::float8 "
            "from crmsync.job")
    return rows, seconds


def progress(connection: psycopg.Connection) -> tuple[str, int]:
    """The first cycle's state, and the rows committed so far."""
    if one_row(connection, "select to_regclass('crmsync.job')") == (None,):
        return "starting", 0
    state = connection.execute("select state from crmsync.cycle order by id limit 1").fetchone()
    rows = one_row(connection, "select coalesce(sum(rows_committed), 0)::bigint from crmsync.job")
    return (state[0] if state else "starting"), rows[0]


def database(name: str = NAME) -> psycopg.Connection:
    """As superuser, each statement a transaction of its own."""
    return psycopg.connect(SUPERUSER, dbname=name, autocommit=True)


def fresh_stores() -> None:
    with database("postgres") as connection:
        connection.execute(f'drop database if exists "{NAME}" with (force)')
        connection.execute(f'create database "{NAME}" owner crmsync')
        connection.execute("checkpoint")
    for method, path, body in [
        ("DELETE", f"vhosts/{NAME}", None),
        ("PUT", f"vhosts/{NAME}", {}),
        ("PUT", f"permissions/{NAME}/crmsync", {"configure": ".*", "write": ".*", "read": ".*"}),
    ]:
        manage(method, path, body)


def manage(method: str, path: str, body: dict | None) -> None:
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
