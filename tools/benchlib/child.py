"""Runs what is measured as processes of their own, and asks the kernel what each of them took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


@dataclass(frozen=True)
class Ran:
    """What one process took: seconds of wall and of processor time, and its peak resident memory in MB (10^6 bytes).

    ``answer`` is the JSON value in the last line that it wrote, if that is one.
    """

    wall: float
    cpu: float
    peak_mb: float
    answer: Any


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Ran:
    """Run ``command`` to its end, from the root of the repository; raise SystemExit with its output when it fails.

    The peak is Linux's ``ru_maxrss``, which a process inherits from whoever starts it: the bench itself therefore
    stays small, and has numpy and PyAV used by other processes only.
    """
    with tempfile.TemporaryFile() as out:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode(errors="replace").strip()
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\nfailed with {process.returncode}:\n{text[-4000:]}")
    return Ran(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, _answer(text))


def script(name: str, *arguments: object) -> list[str]:
    """The command for a module of this package, run with the Python that the bench runs with."""
    return [sys.executable, str(HERE / f"{name}.py"), *map(str, arguments)]


def interleaved(rounds: int, things: Mapping[str, Callable[[], Ran]]) -> dict[str, list[Ran]]:
    """Run all ``things`` in turn, A B C A B C ..., so that what else the machine does falls on all of them.

    Every other round goes backwards: whoever comes after a heavy neighbour is not always the same.
    """
    taken: dict[str, list[Ran]] = {name: [] for name in things}
    for number in range(rounds):
        for name in list(things) if number % 2 == 0 else reversed(things):
            print(f"  round {number + 1} of {rounds}: {name}", file=sys.stderr, flush=True)
            taken[name].append(things[name]())
    return taken


def _answer(text: str) -> Any:
    try:
        return json.loads(text.splitlines()[-1])
    except (ValueError, IndexError):
        return None
