"""A command in a process of its own, held at a known frame by a gate in its detector."""

from __future__ import annotations

import json
import os
import select
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e.command import DETECTORS, ROOT, arguments, environment

GATE = 75  # in the second of three chunks
SECONDS = 60  # for what happens at once unless something is broken


def given(clip: Path, out: Path) -> list[str]:
    return ["process", str(clip), "-o", str(out), "--detector", f"{DETECTORS}:Gate", "--save-mask", "all", "--json-log",
            "--chunk-frames", "50", "--preset", "ultrafast", "--threads", "1"]  # fmt: skip


class Held:
    """A process that has come to frame GATE and waits there."""

    def __init__(self, clip: Path, out: Path) -> None:
        (self._said, says), (waits, self._release) = os.pipe(), os.pipe()
        self.process = subprocess.Popen(
            arguments(*given(clip, out)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
            env=environment() | {"GATE_AT": str(GATE), "GATE_SAYS": str(says), "GATE_WAITS": str(waits)},
            pass_fds=(says, waits),
        )  # fmt: skip
        os.close(says)
        os.close(waits)
        assert select.select([self._said], [], [], SECONDS)[0]
        assert os.read(self._said, 1) == b"x", self.process.communicate()

    def event(self) -> dict[str, Any]:
        """The next line of its log."""
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], SECONDS)[0]
        event: dict[str, Any] = json.loads(self.process.stdout.readline())
        return event

    def open(self) -> None:
        os.write(self._release, b"x")

    def end(self) -> int:
        code = self.process.wait(SECONDS)
        assert self.process.stderr is not None
        assert "Traceback" not in self.process.stderr.read()
        return code

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self._said)
        os.close(self._release)
