"""A detector that finds what it was told to find: for tests and benchmarks."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from streamproc.masks.objects import ALL_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamproc.detect.detection import Detection
    from streamproc.media.frame import Frame


class ScriptedDetector:
    """Finds in frame ``ordinal`` the detections ``script[ordinal]``, and nothing in frames outside the script."""

    name = "scripted"
    object_types = ALL_TYPES
    licence = "Apache-2.0"
    batch_size = 1

    def __init__(self, script: Mapping[int, Sequence[Detection]]) -> None:
        self._script = {ordinal: tuple(detections) for ordinal, detections in script.items()}

    @property
    def fingerprint(self) -> str:
        """Digest of every field of every detection, masks included."""
        digest = hashlib.sha256()
        for ordinal, detections in sorted(self._script.items()):
            for found in detections:
                mask = None if found.mask is None else (found.mask.shape, found.mask.tobytes())
                fields = (found.object_type, found.box, found.score, found.offset, found.track_id)
                digest.update(repr((ordinal, *fields, mask)).encode())
        return digest.hexdigest()

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        """The scripted detections of each frame."""
        return [list(self._script.get(frame.ordinal, ())) for frame in frames]
