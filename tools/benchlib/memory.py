"""Section ``memory``: peak resident memory of whole processes with given detections."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from benchlib.child import interleaved, run
from benchlib.report import Figure, ratios
from benchlib.startup import process

if TYPE_CHECKING:
    from pathlib import Path

    from benchlib.child import Ran
    from benchlib.material import Maker, Material

SECTION = "memory: peak of the whole process (ru_maxrss)"


def measure(maker: Maker, folder: Path, rounds: int, lengths: tuple[int, int], small: tuple[int, int]) -> list[Figure]:
    """A short and a long film of ``small`` size, and one of the full size that fills more than a chunk."""
    short, long = (maker.made("mosaic", frames, small) for frames in lengths)
    full = maker.made("mosaic", 2 * maker.frames)
    ran = interleaved(
        rounds,
        {
            "short": lambda: job(short, folder / "memory"),
            "long": lambda: job(long, folder / "memory"),
            "full": lambda: job(full, folder / "memory"),
            "full masks": lambda: job(full, folder / "memory", "--save-mask", "all"),
        },
    )
    peaks = {name: [one.peak_mb for one in taken] for name, taken in ran.items()}
    size = f"{full.width}x{full.height}, {full.frames} frames"
    return [
        Figure(
            SECTION, f"{long.frames} frames / {short.frames} frames, {small[0]}x{small[1]}", "x",
            ratios(peaks["long"], peaks["short"]), at_most=1.05,
        ),
        Figure(SECTION, f"{short.frames} frames", "MB", peaks["short"]),
        Figure(SECTION, f"{long.frames} frames", "MB", peaks["long"]),
        Figure(SECTION, size, "MB", peaks["full"], at_most=400),
        Figure(SECTION, f"{size}, both mask videos", "MB", peaks["full masks"], at_most=400),
    ]  # fmt: skip


def job(material: Material, out: Path, *options: str) -> Ran:
    """One run into an empty folder."""
    shutil.rmtree(out, ignore_errors=True)
    return run(process(material.clip, out, "--detections", material.detections, *options))
