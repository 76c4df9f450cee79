"""Section ``startup``: how soon the help stands there, and how soon the first frame is done."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchlib.child import interleaved, run
from benchlib.report import Figure

if TYPE_CHECKING:
    from benchlib.child import Ran
    from benchlib.material import Material

SECTION = "startup: whole processes, warm"
PROGRAM = Path(sys.executable).with_name("streamproc")


def measure(material: Material, one_frame: Material, folder: Path, rounds: int) -> list[Figure]:
    """The help; and a whole process over a clip of one frame, which bounds the time to a first frame from above."""

    def first_frame() -> Ran:
        shutil.rmtree(folder / "first", ignore_errors=True)
        return run(process(one_frame.clip, folder / "first", "--detections", material.detections))

    first_frame()  # compiles the kernels where that was not done yet, and warms the disk
    ran = interleaved(
        rounds,
        {
            "python": lambda: run([sys.executable, "-c", "pass"]),
            "help": lambda: run([PROGRAM, "--help"]),
            "first frame": first_frame,
        },
    )
    return [
        Figure(SECTION, "streamproc --help", "s", [one.wall for one in ran["help"]], at_most=0.2),
        Figure(
            SECTION, f"one {one_frame.width}x{one_frame.height} frame, given detections", "s",
            [one.wall for one in ran["first frame"]], at_most=1.5,
            note="first frame: a process from its start over encoding, commit and join to its end",
        ),
        Figure(SECTION, "the same, processor time", "s", [one.cpu for one in ran["first frame"]]),
        Figure(SECTION, "python -c pass, to compare", "s", [one.wall for one in ran["python"]]),
    ]  # fmt: skip


def process(source: Path, out: Path, *options: object) -> list[str]:
    """A ``streamproc process`` command."""
    return [str(PROGRAM), "process", str(source), "-o", str(out), *map(str, options)]
