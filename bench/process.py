"""A program of the cluster: its log, and what it has used."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from stores import WORK

BINARY = os.environ["BINARY"]


class Process:
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

    def check_alive(self) -> None:
        if self.popen.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self.popen.returncode} (log: {self.log})")

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.popen.send_signal(how)
        try:
            self.popen.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
