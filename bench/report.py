"""Figures, and how they are shown."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


@dataclasses.dataclass
class Figure:
    """One measured value beside the limit that was measured in the same run."""

    suite: str
    what: str
    value: float
    unit: str
    limit: float | None = None
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None
    details: dict = dataclasses.field(default_factory=dict)

    def cells(self) -> list[str]:
        mark = {True: "met", False: "missed", None: ""}[self.met]
        return [
            f"{self.suite}: {self.what}", f"{show(self.value)} {self.unit}",
            "" if self.limit is None else f"{show(self.limit)} {self.unit}",
            "" if self.ratio is None else f"{self.ratio:.2f}", f"{self.goal} {mark}".strip()]


def show(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:,.1f}" if abs(number) >= 10 else f"{number:,.2f}"


def table(figures: list[Figure]) -> str:
    rows = [["measured", "figure", "limit", "ratio", "goal"], *(figure.cells() for figure in figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def write(figures: list[Figure]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / time.strftime("%Y%m%dT%H%M%SZ.json", time.gmtime())
    file.write_text(json.dumps({
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": {"cores": os.cpu_count(), "system": platform.platform()},
        "figures": [dataclasses.asdict(figure) for figure in figures],
    }, indent=2) + "\n")
    return file
