"""All operations of one undisturbed run, with what they left in the files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crashrig.operations import watching

if TYPE_CHECKING:
    from pathlib import Path

    from crashrig.operations import Operation
    from crashrig.scenarios import Outcome, Scenario

_CONTENTS = ("write", "truncate", "fsync")


@dataclass(frozen=True)
class Entry:
    """One operation, and after a write or fsync all that the file then held; None of a folder."""

    operation: Operation
    content: bytes | None = None


class Recorder:
    """Writes down what it is told."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.log: list[Entry] = []

    def before(self, operation: Operation) -> None:
        """Nothing is known yet."""

    def after(self, operation: Operation) -> None:
        """Keep it."""
        path = self._root / operation.path
        content = None
        if operation.name in _CONTENTS and path.is_file():
            file = os.open(path, os.O_RDONLY)
            content = os.read(file, 1 << 30)
            os.close(file)
        self.log.append(Entry(operation, content))

    def only(self, operation: Operation, size: int) -> int:  # noqa: ARG002  an observer's way
        """All of it."""
        return size

    def torn(self) -> None:
        """Never."""
        raise AssertionError


def record(scenario: Scenario, root: Path) -> tuple[Outcome, list[Entry]]:
    """Run ``scenario`` into ``root``/out, undisturbed."""
    recorder = Recorder(root)
    with watching(root, recorder):
        outcome = scenario.run(root / "out")
    return outcome, recorder.log
