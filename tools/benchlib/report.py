"""Figures, their bars, the table and the JSON file."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

_PACKAGES = ("streamproc", "av", "numpy", "numba", "llvmlite", "pillow", "tqdm", "onnxruntime")


@dataclass(frozen=True)
class Figure:
    """One measured thing: its samples, and the bar that its median is held against, if any.

    ``at_most`` and ``at_least`` are bars. ``note`` says how it was measured, where the name does not.
    """

    section: str
    name: str
    unit: str
    samples: list[float]
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def median(self) -> float:
        """The median of the samples."""
        return median(self.samples)

    @property
    def holds(self) -> bool | None:
        """Whether the median keeps the bar; None where there is no bar."""
        if self.at_most is not None:
            return self.median <= self.at_most
        if self.at_least is not None:
            return self.median >= self.at_least
        return None

    @property
    def bar(self) -> str:
        """The bar in words."""
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return "" if self.at_least is None else f">= {self.at_least:g}"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "section": self.section,
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "min": min(self.samples),
            "max": max(self.samples),
            "samples": self.samples,
            "bar": self.bar or None,
            "holds": self.holds,
            "note": self.note,
        }


@dataclass
class Report:
    """All figures of a run, and what they were measured on."""

    options: dict[str, Any]
    figures: list[Figure] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=lambda: machine())

    def table(self) -> str:
        """The figures as text, section by section."""
        heads = ("", "median", "min - max", "unit", "bar", "")
        lines = []
        width = max([len(figure.name) for figure in self.figures], default=0) + 2
        for section in dict.fromkeys(figure.section for figure in self.figures):
            lines += ["", section, _row(heads, width)]
            for figure in self.figures:
                if figure.section == section:
                    verdict = {True: "holds", False: "MISSED", None: ""}[figure.holds]
                    spread = f"{_short(min(figure.samples))} - {_short(max(figure.samples))}"
                    cells = (f"  {figure.name}", _short(figure.median), spread, figure.unit, figure.bar, verdict)
                    lines.append(_row(cells, width))
            notes = {figure.note for figure in self.figures if figure.section == section and figure.note}
            lines += [f"  ({note})" for note in sorted(notes)]
        return "\n".join(lines)

    def head(self) -> str:
        """The machine and the versions, in a few lines."""
        found = self.machine
        versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
        load = ", ".join(f"{value:.1f}" for value in found["load_before"])
        return f"{found['cpu']}, {found['cores']} cores; load {load}; {found['system']}\n{versions}"

    def to_json(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {
            "machine": {**self.machine, "load_after": os.getloadavg()},
            "options": self.options,
            "figures": [figure.to_json() for figure in self.figures],
        }


def machine() -> dict[str, Any]:
    """What the figures hold for: processor, cores that may be used, load, versions."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "load_before": os.getloadavg(),
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def ratios(upper: list[float], lower: list[float]) -> list[float]:
    """Sample by sample, so that what slows a whole round cancels out."""
    return [a / b for a, b in zip(upper, lower, strict=True)]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def _row(cells: tuple[str, ...], width: int) -> str:
    name, middle, spread, unit, bar, verdict = cells
    return f"{name:<{width}} {middle:>8}  {spread:<17} {unit:<9} {bar:<8} {verdict}".rstrip()
