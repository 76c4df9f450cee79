"""Licence plates: PP-OCRv4's text detector on vehicle crops, and rules that tell a plate from lettering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from streamproc.detect import weights
from streamproc.detect.boxes import outward, suppress
from streamproc.detect.components import components
from streamproc.detect.objects import DEVIATION, MEAN
from streamproc.detect.onnx_session import PlanarInput, Session
from streamproc.detect.plate_rules import LIMITS, lines, plates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from streamproc.detect.boxes import Boxes
    from streamproc.detect.objects import Found
    from streamproc.detect.plate_rules import Limits
    from streamproc.media.frame import Frame

TEXT = 0.3  # a pixel is text above this probability (DBNet's own setting)
THRESHOLD = 0.4
OVERLAP = 0.3  # overlapping vehicles show the same plate
SMALLEST = 80  # pixels: on smaller vehicles a plate is less than 24 pixels wide, 3 a letter
EDGE = 3  # pixels: a vehicle whose box ends nearer to the frame's edge goes on behind it
GROW = (0.5, 0.75)  # of the text's height to each side, and above and below: the net draws letters smaller than they
# are, and the plate is larger than its letters
ENLARGE = 2  # more than this tells the net nothing new


class TextFinder:
    """Finds text in parts of a frame."""

    def __init__(self) -> None:
        """Load the net. Raises MissingExtraError, DetectorError."""
        self._session = Session(weights.PLATES.path, ["sigmoid_0.tmp_0"])
        self._input = PlanarInput(bgr=True, mean=MEAN[::-1], deviation=DEVIATION[::-1])

    def find(self, frame: Frame, region: NDArray[np.float32], side: int) -> tuple[Boxes, NDArray[np.float32]]:
        """Text in ``region`` (x1, y1, x2, y2): boxes (n, 4) in frame pixels, and scores (n,).

        ``side`` is how many net pixels the longer side of the region is scaled to.
        """
        clipped = outward(region, frame.width, frame.height)
        if clipped is None:
            return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
        x1, y1, x2, y2 = frame.layout.align(clipped, frame.width, frame.height)
        scale = min(side / max(x2 - x1, y2 - y1), ENLARGE)
        width, height = (max(32, round(side * scale / 32) * 32) for side in (x2 - x1, y2 - y1))
        tensor = self._input.fill(frame, width, height, (x1, y1, x2, y2))
        probability = self._session.run(tensor)[0][0, 0]
        boxes, scores = components(probability, TEXT)
        margin = (boxes[:, 3] - boxes[:, 1])[:, None] * np.array(GROW, np.float32)
        boxes = boxes + np.concatenate((-margin, margin), axis=1)
        back = np.array([(x2 - x1) / width, (y2 - y1) / height] * 2, np.float32)
        return boxes * back + np.array([x1, y1, x1, y1], np.float32), scores


class PlateFinder:
    """Finds the licence plates of given vehicles."""

    def __init__(self, threshold: float | None = None) -> None:
        """Keep plates with a score of ``threshold`` (default 0.4) or more. Raises MissingExtraError, DetectorError."""
        self._text = TextFinder()
        self.threshold = THRESHOLD if threshold is None else threshold

    def find(self, frame: Frame, vehicles: Found) -> tuple[Boxes, NDArray[np.float32]]:
        """Boxes (n, 4) in frame pixels and scores (n,), best first."""
        boxes, scores = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.float32)]
        for vehicle, kind in zip(vehicles.boxes, vehicles.classes, strict=True):
            limits = LIMITS.get(int(kind))
            if limits is None or max(vehicle[2:] - vehicle[:2]) < SMALLEST:
                continue
            for side in limits.sides:
                text, score = self._on(frame, vehicle, limits, side)
                boxes.append(text)
                scores.append(score)
                if len(text) or max(vehicle[2:] - vehicle[:2]) * ENLARGE < side:
                    break
        text, score = np.concatenate(boxes), np.concatenate(scores)
        kept = suppress(text, score, OVERLAP)
        return text[kept], score[kept]

    def _on(
        self, frame: Frame, vehicle: NDArray[np.float32], limits: Limits, side: int
    ) -> tuple[Boxes, NDArray[np.float32]]:
        lower = vehicle.copy()
        lower[1] += limits.top * 0.8 * (vehicle[3] - vehicle[1])
        text, score = self._text.find(frame, lower, side)
        text, score = lines(text[score >= self.threshold], score[score >= self.threshold])
        far = np.array([frame.width, frame.height], np.float32) - EDGE
        cut_off = bool((vehicle[:2] < EDGE).any() or (vehicle[2:] > far).any())
        kept = plates(text, score, vehicle, limits, cut_off=cut_off)
        return text[kept], score[kept]
