"""The command line in a process of its own, as a user has it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
DETECTORS = Path(__file__).with_name("found.py")
MIDDLE = ("--detector", f"{DETECTORS}:Middle")
"""Finds a face in the middle of every picture, and a plate beside it."""


def arguments(*given: str | Path) -> list[str]:
    return [sys.executable, "-m", "streamproc", *map(str, given)]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def streamproc(
    *given: str | Path, stdin: str = "", cwd: Path = ROOT, before: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one command; ``before`` is called in the new process. No run of it may ever show a traceback."""
    done = subprocess.run(
        arguments(*given), input=stdin, capture_output=True, text=True, cwd=cwd, env=environment(),
        preexec_fn=before, timeout=100,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done
