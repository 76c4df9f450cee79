"""Persons and vehicles: PicoDet-S at 416 x 416.

Yu and others, "PP-PicoDet" (2021); preprocessing as in PaddleDetection's picodet_s_416_coco_lcnet.yml: plain resize,
RGB, ImageNet mean and deviation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from streamproc.detect import weights
from streamproc.detect.boxes import suppress
from streamproc.detect.onnx_session import PlanarInput, Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from streamproc.detect.boxes import Boxes
    from streamproc.media.frame import Frame

SIDE = 416
PERSON = 0
# COCO's class numbers, counted from 0 without gaps.
VEHICLES = {1: "bicycle", 2: "car", 3: "motorcycle", 5: "bus", 6: "train", 7: "truck"}
OVERLAP = 0.5
MEAN, DEVIATION = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Objects of one kind: boxes (n, 4) in frame pixels, scores (n,) and COCO class numbers (n,), best first."""

    boxes: Boxes
    scores: NDArray[np.float32]
    classes: NDArray[np.intp]

    def above(self, threshold: float) -> Found:
        """Those with a score of ``threshold`` or more."""
        kept = self.scores >= threshold
        return Found(self.boxes[kept], self.scores[kept], self.classes[kept])


def decode(boxes: Boxes, scores: NDArray[np.float32], classes: tuple[int, ...], threshold: float) -> Found:
    """The objects of ``classes``, one box for each object whatever its class.

    ``boxes`` is (cells, 4), x1, y1, x2, y2 in net pixels; ``scores`` is (80, cells), 0..1.
    """
    rows = scores[list(classes)]
    best = rows.argmax(axis=0)
    score = rows[best, np.arange(rows.shape[1])]
    cells = np.flatnonzero(score >= threshold)
    kept = cells[suppress(boxes[cells], score[cells], OVERLAP)]
    return Found(boxes[kept], score[kept], np.asarray(classes)[best[kept]])


class ObjectFinder:
    """Finds persons and vehicles in one frame."""

    def __init__(self) -> None:
        """Load the net. Raises MissingExtraError, DetectorError."""
        self._session = Session(weights.OBJECTS.path, ["boxes", "scores"])
        self._input = PlanarInput(bgr=False, mean=MEAN, deviation=DEVIATION)

    def find(self, frame: Frame, person_threshold: float, vehicle_threshold: float) -> tuple[Found, Found]:
        """Persons and vehicles with the given scores or more."""
        boxes, scores = self._session.run(self._input.fill(frame, SIDE, SIDE))
        scaled = boxes[0] * np.array([frame.width / SIDE, frame.height / SIDE] * 2, np.float32)
        persons = decode(scaled, scores[0], (PERSON,), person_threshold)
        return persons, decode(scaled, scores[0], tuple(VEHICLES), vehicle_threshold)
