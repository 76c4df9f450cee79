"""Detectors for ``--detector tests/e2e/found.py:NAME``."""

from __future__ import annotations

import os
from collections.abc import Sequence

from streamproc.detect.detection import Detection
from streamproc.detect.detector import DetectorSettings
from streamproc.masks.objects import ALL_TYPES, ObjectType
from streamproc.media.frame import Frame


def middle(width: int, height: int) -> tuple[int, int, int, int]:
    """The middle third of a picture each way, one pixel at least."""
    x, y = width // 3, height // 3
    return x, y, max(width - x, x + 1), max(height - y, y + 1)


def corner(width: int, height: int) -> tuple[int, int, int, int]:
    """From the middle of a picture to its last row and column."""
    return width // 2, height // 2, width, height


class Middle:
    """A face in the middle of every picture, and a plate over a quarter of it and the corner."""

    name = "middle"
    object_types = ALL_TYPES
    licence = "Apache-2.0"
    fingerprint = "1"
    batch_size = 2

    def __init__(self, settings: DetectorSettings) -> None:
        self._settings = settings

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        found = []
        for frame in frames:
            width, height = frame.width, frame.height
            found.append(
                [
                    Detection(ObjectType.FACE, middle(width, height), 0.9),
                    Detection(ObjectType.LICENSE_PLATE, corner(width, height), 0.8),
                ]
            )
        return found


class Gate(Middle):
    """Says through one pipe that it has come to frame GATE_AT, and waits for a byte from another.

    The pipes are the file descriptors GATE_SAYS and GATE_WAITS; without them it is ``Middle``.
    """

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        if "GATE_AT" in os.environ and any(frame.ordinal == int(os.environ["GATE_AT"]) for frame in frames):
            os.write(int(os.environ["GATE_SAYS"]), b"x")
            os.read(int(os.environ["GATE_WAITS"]), 1)
        return super().detect(frames)
