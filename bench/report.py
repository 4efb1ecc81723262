"""Figures, and how they are shown."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
HEADER = ["", "measured", "limit", "what the limit is", "ratio", "goal"]


@dataclasses.dataclass
class Figure:
    """One measured value, and the limit that was measured in the same run; `against` says what that limit is.

    `goal` is a bound of the ratio, or of the value where there is no limit: `>= 0.8`. `note` goes below the table.
    """

    suite: str
    what: str
    value: float
    unit: str
    limit: float | None = None
    against: str = ""
    goal: str = ""
    note: str = ""
    details: dict = dataclasses.field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        return self.value / self.limit if self.limit else None

    @property
    def met(self) -> bool | None:
        if not self.goal:
            return None
        relation, bound = self.goal.split()
        value = self.value if self.ratio is None else self.ratio
        return value >= float(bound) if relation == ">=" else value <= float(bound)

    def cells(self) -> list[str]:
        mark = {True: "met", False: "missed", None: ""}[self.met]
        return [
            f"{self.suite}: {self.what}", f"{show(self.value)} {self.unit}",
            "" if self.limit is None else show(self.limit), self.against,
            "" if self.ratio is None else show(self.ratio), f"{self.goal} {mark}".strip()]

    def entry(self) -> dict:
        return dataclasses.asdict(self) | {"ratio": self.ratio, "met": self.met}


def show(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:,.1f}" if abs(number) >= 10 else f"{number:,.2f}"


def machine() -> dict:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cores": os.cpu_count(), "memory": f"{memory / 2**30:.0f} GiB", "system": platform.platform()}


def summary(figures: list[Figure]) -> str:
    """For a terminal."""
    rows = [HEADER, *(figure.cells() for figure in figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    notes = [f"{figure.suite}: {figure.note}" for figure in figures if figure.note]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:], "", *notes])


def markdown(figures: list[Figure]) -> str:
    """For the README."""
    rows = [HEADER, ["---"] * len(HEADER), *(figure.cells() for figure in figures)]
    where = machine()
    lines = [f"| {' | '.join(row)} |" for row in rows]
    notes = [f"- {figure.suite}: {figure.note}" for figure in figures if figure.note]
    return "\n".join([*lines, "", f"{where['cores']} cores, {where['memory']}, {where['system']}.", "", *notes, ""])


def write(figures: list[Figure]) -> Path:
    """Writes the figures as JSON and as Markdown.
    - Returns: the file with JSON; the other one's name differs in its end."""
    RESULTS.mkdir(exist_ok=True)
    now = time.gmtime()
    file = RESULTS / time.strftime("%Y%m%dT%H%M%SZ.json", now)
    file.write_text(json.dumps({
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", now), "machine": machine(),
        "figures": [figure.entry() for figure in figures],
    }, indent=2) + "\n")
    file.with_suffix(".md").write_text(markdown(figures))
    return file
