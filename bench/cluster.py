"""A crmsync cluster on this machine for one measurement: simulated orgs, coordinator, workers, empty stores."""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import Self

import stores
from org import VERSION, Org
from process import BINARY, Process
from progress import Progress
from stores import BROKER, LOCAL, NAME, SUPERUSER, WORK, secret, wait_until

# However few the rows are: so are the many.
IN_BULK = {"sync": {"restBelowRows": 0}}


class Cluster:
    """Use as a context: everything ends with it. Each org belongs to a tenant; `settings` is what the configuration
    says at its top."""

    def __init__(self, *orgs: Org, settings: dict | None = None):
        self.orgs = orgs
        self.settings = settings or {}
        self.roles: list[Process] = []
        self.progress = Progress(self.check_alive)

    def __enter__(self) -> Self:
        WORK.mkdir(parents=True, exist_ok=True)
        stores.fresh()
        self.configure(*self.orgs)
        try:
            for org in self.orgs:
                org.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.close()
        self.end_roles()
        for org in self.orgs:
            org.end()

    # -- starting and ending

    @property
    def environment(self) -> dict[str, str]:
        return {
            "CRMSYNC_CONFIG": str(WORK / "crmsync.yaml"),
            "BENCH_POSTGRES_PASSWORD": secret("postgres-crmsync"),
            "BENCH_RABBITMQ_PASSWORD": BROKER.password or "",
        }

    def configure(self, *orgs: Org) -> None:
        """Writes the configuration, with the tenants of these orgs."""
        postgres = f"postgresql://crmsync:${{BENCH_POSTGRES_PASSWORD}}@127.0.0.1:{SUPERUSER.port}/{NAME}"
        broker = f"amqp://crmsync:${{BENCH_RABBITMQ_PASSWORD}}@127.0.0.1:{BROKER.port}/{NAME}"
        configuration = self.settings | {
            "postgres": {"url": postgres}, "rabbitmq": {"url": broker},
            "tenants": {org.tenant: self.tenant(org, postgres) for org in orgs},
        }
        # JSON is YAML.
        (WORK / "crmsync.yaml").write_text(json.dumps(configuration, indent=2))

    def tenant(self, org: Org, postgres: str) -> dict:
        login = {"flow": "client-credentials", "clientID": "bench",
                 "clientSecretFile": str(LOCAL / "secrets" / "demo-veeva")}
        return {
            "veeva": {"loginURL": org.url, "apiVersion": VERSION, "auth": login} | org.veeva,
            "destination": org.destination or {"postgres": {"url": postgres, "schema": org.tenant}},
            "objects": org.objects,
            "events": org.events,
        }

    def start(self, workers: int = 1) -> None:
        self.start_coordinator()
        self.start_workers(workers)

    def start_coordinator(self) -> None:
        self.roles.append(Process("coordinator", ["coordinator"], self.environment))

    def start_workers(self, workers: int, slots: int | None = None) -> None:
        arguments = ["worker", *(["--slots", str(slots)] if slots else [])]
        self.roles += [Process(f"worker-{i + 1}", arguments, self.environment) for i in range(workers)]

    def end_roles(self) -> None:
        for process in self.roles:
            process.popen.terminate()
        for process in self.roles:
            process.end()
        self.roles = []

    def kill(self) -> None:
        """SIGKILL to every role at once."""
        for process in self.roles:
            process.popen.kill()
        for process in self.roles:
            process.popen.wait()
        self.roles = []

    @property
    def coordinator(self) -> Process:
        return self.roles[0]

    @property
    def workers(self) -> list[Process]:
        return self.roles[1:]

    def check_alive(self) -> None:
        for process in self.roles:
            process.check_alive()

    # -- cycles

    def copy(self, org: Org, workers: int = 1) -> dict:
        """Starts the roles and waits for the first copy: its rows, their seconds, and the processor seconds of all."""
        postgres, begin = stores.postgres_cpu_seconds(), time.monotonic()
        self.start(workers)
        self.progress.wait_until_copied(org.tenant)
        wall = time.monotonic() - begin
        cpu = {
            "worker": sum(worker.cpu_seconds() for worker in self.workers),
            "coordinator": self.coordinator.cpu_seconds(),
            "PostgreSQL": stores.postgres_cpu_seconds() - postgres,
            "simulated org": org.process.cpu_seconds() if org.process else 0,
        }
        rows, seconds = self.progress.moved(self.progress.newest(org.tenant, "initial"))
        return {"rows": rows, "seconds": seconds, "wall": wall, "cpu": cpu}

    def delta(self, org: Org) -> list[int]:
        """Has a delta of each object made now, with all that the org has changed so far; the cycles."""
        self.progress.wait_until_at_rest(org.tenant)
        last = self.progress.last_cycle(org.tenant)
        # Stamps have whole seconds, and a window ends with the second before.
        time.sleep(2)
        subprocess.run([BINARY, "sync", "now", org.tenant], check=True, stdout=subprocess.DEVNULL,
                       env=os.environ | self.environment)
        wait_until(f"a delta of {org.tenant} opens", lambda: self.progress.last_cycle(org.tenant) > last)
        self.progress.wait_until_at_rest(org.tenant, after=last)
        return self.progress.newest(org.tenant, "delta", after=last)
