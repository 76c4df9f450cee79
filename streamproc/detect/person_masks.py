"""Masks of persons: a superellipse over the box joined with what a segmenter sees.

MediaPipe's selfie segmenter alone covers 73 % of a person in a street, the superellipse 98 %: the shape hides, the
segmenter adds limbs that leave it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from streamproc.detect import weights
from streamproc.detect.boxes import grown, outward
from streamproc.detect.onnx_session import Session
from streamproc.detect.shapes import superellipse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from streamproc.detect.boxes import Box
    from streamproc.media.frame import Frame

SIDE = 256
_SEGMENTED_HEIGHT = 96  # pixels: below, a limb outside the shape is a few pixels, and the net costs 3 ms a person
_MARGIN = 0.1  # of the box's size on each side: room for limbs that the box cut off, too little for a neighbour


class PersonMasker:
    """Draws the masks of persons in one frame."""

    def __init__(self) -> None:
        """Load the net. Raises MissingExtraError, DetectorError."""
        self._session = Session(weights.PERSON_MASKS.path, ["activation_10"])

    def mask(self, frame: Frame, box: NDArray[np.float32]) -> tuple[NDArray[np.uint8], tuple[int, int]]:
        """The mask of the person in ``box`` (x1, y1, x2, y2): uint8 (h, w), 0 or 255, and its corner (x, y).

        Raises ValueError for a box outside the frame.
        """
        width, height = box[2:] - box[:2]
        segmented = height >= _SEGMENTED_HEIGHT
        region = outward(grown(box, _MARGIN * width, _MARGIN * height) if segmented else box, frame.width, frame.height)
        if region is None:
            raise ValueError(f"the box {box.tolist()} lies outside the frame of {frame.width} x {frame.height}")
        if not segmented:
            return superellipse(box, region), region[:2]
        region = frame.layout.align(region, frame.width, frame.height)
        mask = superellipse(box, region)
        np.maximum(mask, self._segment(frame, region), out=mask)
        return mask, region[:2]

    def _segment(self, frame: Frame, region: Box) -> NDArray[np.uint8]:
        planes = frame.rgb_planes(SIDE, SIDE, region)
        tensor = np.empty((1, SIDE, SIDE, 3), np.float32)
        np.multiply(planes.transpose(1, 2, 0), np.float32(1 / 255), out=tensor[0])
        person = np.where(self._session.run(tensor)[0][0, :, :, 0] > 0.5, np.uint8(255), np.uint8(0))
        rows = np.arange(region[3] - region[1]) * SIDE // (region[3] - region[1])
        columns = np.arange(region[2] - region[0]) * SIDE // (region[2] - region[0])
        return person[rows[:, None], columns[None, :]]
