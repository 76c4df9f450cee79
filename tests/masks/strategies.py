"""Random detections and planes that the tests of this package share."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from streamproc.detect.detection import Detection
from streamproc.masks.objects import ObjectType

sizes = st.integers(1, 70)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def detections(draw: st.DrawFn, *, width: int, height: int, most: int = 6) -> list[Detection]:
    """Detections in, at the edge of and outside a frame, with masks (also empty ones) and without."""
    found = []
    for _ in range(draw(st.integers(0, most))):
        x1, y1 = draw(st.integers(-20, width + 5)), draw(st.integers(-20, height + 5))
        columns, rows = draw(st.integers(1, 90)), draw(st.integers(1, 40))
        box = (x1, y1, x1 + columns, y1 + rows)
        object_type, score = draw(st.sampled_from(ObjectType)), draw(st.sampled_from([0.1, 0.5, 0.9]))
        if draw(st.booleans()):
            found.append(Detection(object_type, box, score))
            continue
        noise = np.random.default_rng(draw(seeds)).random((rows + 2, columns + 1))
        mask = np.where(noise < draw(st.sampled_from([0.0, 0.3, 1.0])), 255, 0).astype(np.uint8)
        found.append(Detection(object_type, box, score, mask, (x1 - 1, y1 - 2)))
    return found


def padded(height: int, width: int, padding: int) -> np.ndarray:
    """A plane of rubbish with wider rows."""
    return np.random.default_rng(padding).integers(0, 256, (height, width + padding), np.uint8)


def full_frame(found: Detection, width: int, height: int, *, as_box: bool = False) -> np.ndarray:
    """The pixels of a detection as a bool array of the whole frame, pixel by pixel."""
    frame = np.zeros((height, width), bool)
    for y in range(height):
        for x in range(width):
            if found.mask is None or as_box:
                x1, y1, x2, y2 = found.box
                frame[y, x] = x1 <= x < x2 and y1 <= y < y2
            else:
                column, row = x - found.corner[0], y - found.corner[1]
                rows, columns = found.mask.shape
                frame[y, x] = 0 <= row < rows and 0 <= column < columns and found.mask[row, column] > 0
    return frame
