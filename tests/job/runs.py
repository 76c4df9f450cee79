"""One job at a time, without a command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from streamproc.detect.detection import Detection
from streamproc.detect.scripted import ScriptedDetector
from streamproc.job.fingerprint import fingerprint
from streamproc.job.image import ImageJob
from streamproc.job.ledger import Ledger
from streamproc.job.naming import plan
from streamproc.job.progress import SilentProgress
from streamproc.job.results import SourceResult
from streamproc.job.stopping import StopRequest
from streamproc.job.video import VideoJob
from streamproc.masks.objects import ObjectType
from streamproc.media.frame import Frame
from streamproc.options import Options

CHUNK = 10


def face(x: int = 8, y: int = 8, size: int = 12) -> Detection:
    return Detection(ObjectType.FACE, (x, y, x + size, y + size), 0.9)


class Faces(ScriptedDetector):
    """A face that wanders through the first 40 frames. ``at`` is called before the frames of some ordinals."""

    def __init__(self, at: dict[int, Callable[[], None]] | None = None) -> None:
        super().__init__({ordinal: [face(4 + ordinal, 8)] for ordinal in range(40)})
        self._at = at or {}

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        for frame in frames:
            self._at.get(frame.ordinal, lambda: None)()
        return super().detect(frames)


def run_video(
    source: Path, out: Path, detector: ScriptedDetector | None = None, stop: StopRequest | None = None, **more: Any
) -> SourceResult:
    given: dict[str, Any] = {"chunk_frames": CHUNK, "preset": "ultrafast", "threads": 1, "save_mask": "all"}
    options = Options.of(**(given | more))
    detector = detector or Faces()
    (planned,) = plan([source], out).sources
    ledger = Ledger(out)
    try:
        mark = fingerprint(planned.source, options, detector)
        return VideoJob(planned, options, detector, mark, ledger, SilentProgress(), stop or StopRequest()).run()
    finally:
        ledger.close()


def run_image(source: Path, out: Path, detector: ScriptedDetector | None = None, **more: Any) -> SourceResult:
    given: dict[str, Any] = {"method": "blacken", "threads": 1, "save_mask": "all"}
    options = Options.of(**(given | more))
    detector = detector or ScriptedDetector({0: [face()]})
    (planned,) = plan([source], out).sources
    ledger = Ledger(out)
    try:
        return ImageJob(planned, options, detector, fingerprint(source, options, detector), ledger).run()
    finally:
        ledger.close()


def names(out: Path) -> list[str]:
    """All files below ``out`` but the ledger."""
    found = (path.relative_to(out).as_posix() for path in sorted(out.rglob("*")) if path.is_file())
    return [name for name in found if name != ".streamproc/finished.jsonl"]
