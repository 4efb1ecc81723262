"""A simulated Marketo instance: its process, and what it has counted."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Self

from process import Process
from stores import NAME, SUPERUSER, WORK

PER_CALL = 300  # records of a call that writes
PER_WINDOW = 100  # calls that an instance takes in a window
WINDOW = 20  # seconds


class Marketo:
    """Use as a context. `destination` is what a tenant's configuration says of it."""

    def __enter__(self) -> Self:
        # What an earlier one has printed would name its port.
        (WORK / "marketo.log").unlink(missing_ok=True)
        self.process = Process("marketo", ["simulate", "marketo", "--listen", "127.0.0.1:0"], {})
        deadline = time.monotonic() + 60
        while not (lines := [line for line in self.process.log.read_text().splitlines()
                             if line.startswith("listening on ")]):
            self.process.check_alive()
            if time.monotonic() > deadline:
                raise RuntimeError(f"the simulated instance does not start (log: {self.process.log})")
            time.sleep(0.1)
        self.url = lines[-1].removeprefix("listening on ")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.end()

    def destination(self, tenant: str) -> dict:
        mirror = f"postgresql://crmsync:${{BENCH_POSTGRES_PASSWORD}}@127.0.0.1:{SUPERUSER.port}/{NAME}"
        return {"marketo": {
            "baseURL": self.url, "clientID": "crmsync-client", "clientSecret": "crmsync-secret",
            "mirror": {"url": mirror, "schema": tenant},
            # All that an instance takes: nobody else uses this one.
            "callsPerWindow": PER_WINDOW, "concurrency": 10, "apiShare": 1}}

    def calls(self) -> int:
        """API calls of the day."""
        with urllib.request.urlopen(f"{self.url}/simulator/limits", timeout=60) as answer:
            return json.load(answer)["usedToday"]


def least_seconds(calls: int) -> float:
    """What the limit of the window lets so many calls take at least."""
    return max(1, (calls - 1) // PER_WINDOW) * WINDOW
