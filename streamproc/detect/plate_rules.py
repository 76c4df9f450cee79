"""Which text on a vehicle is its licence plate.

A text detector finds plates and lettering alike. A plate is one short line, small against its vehicle, and in its
lower part; lettering is longer, larger, higher, or comes in many lines. Limits are in units of the vehicle's box and
wide on purpose: what could be a plate is covered. A European plate on a car 1.8 m wide and 1.5 m high measures 0.29 x
0.07; seen from the side it shrinks in width, and cut off vehicles make it larger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from streamproc.detect.boxes import Boxes

ASPECT = (1.2, 8.0)  # width / height: an Argentine plate measures 2.7, a European one 4.7, one row of a motorcycle's 2
SMALLEST = (8.0, 4.0)  # width and height in frame pixels: smaller text cannot be read
_CUT_OFF = 1.5  # how much larger a plate may be on a vehicle that the frame cuts off
_END = 0.75  # of the vehicle's height: how far from its left or right end the middle of its front or rear can be
_GAP = 0.6  # words of one line are nearer than this part of their height


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a plate may stand on a vehicle, in parts of the vehicle's box.

    ``width`` is the least and greatest width, ``height`` the greatest height, ``top`` the highest place of its centre.
    No vehicle shows more than one plate at once; ``count`` is how many candidates are covered, since one may err.
    """

    width: tuple[float, float]
    height: float
    top: float
    count: int


CAR = Limits(width=(0.04, 0.6), height=0.18, top=0.33, count=2)
MOTORCYCLE = Limits(width=(0.05, 0.8), height=0.4, top=0.15, count=2)
BUS = Limits(width=(0.02, 0.35), height=0.07, top=0.55, count=1)
# COCO's classes; the others (bicycle, train) carry no plate. Pickups and SUVs are found as trucks.
LIMITS = {2: CAR, 3: MOTORCYCLE, 5: BUS, 7: CAR}


def lines(boxes: Boxes, scores: NDArray[np.float32]) -> tuple[Boxes, NDArray[np.float32]]:
    """Words that stand side by side joined into lines, each with the best score of its words."""
    found: list[tuple[NDArray[np.float32], np.float32]] = []
    for index in np.argsort(boxes[:, 0], kind="stable"):
        word, score = boxes[index], scores[index]
        for at, (line, best) in enumerate(found):
            if _same_line(line, word):
                joined = np.concatenate((np.minimum(line[:2], word[:2]), np.maximum(line[2:], word[2:])))
                found[at] = joined, max(best, score)
                break
        else:
            found.append((word, score))
    if not found:
        return boxes, scores
    return np.stack([line for line, _ in found]), np.array([score for _, score in found], np.float32)


def _same_line(line: NDArray[np.float32], word: NDArray[np.float32]) -> bool:
    heights = line[3] - line[1], word[3] - word[1]
    shared = min(line[3], word[3]) - max(line[1], word[1])
    return bool(shared > 0.5 * max(heights) and word[0] - line[2] < _GAP * min(heights))


def plates(
    boxes: Boxes, scores: NDArray[np.float32], vehicle: NDArray[np.float32], limits: Limits, *, cut_off: bool
) -> NDArray[np.intp]:
    """Indices of the ``boxes`` (n, 4) that are plates of the ``vehicle`` (x1, y1, x2, y2), best first.

    ``cut_off`` says that the vehicle goes on outside the frame, so that its box says less about its size.
    """
    slack = _CUT_OFF if cut_off else 1
    size = vehicle[2:] - vehicle[:2]
    widths, heights = (boxes[:, 2:] - boxes[:, :2]).T
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 - vehicle[:2]
    to_end = np.minimum(centres[:, 0], size[0] - centres[:, 0])
    down = centres[:, 1] / size[1]
    fits = (
        (widths >= SMALLEST[0]) & (heights >= SMALLEST[1])
        & (widths >= ASPECT[0] * heights) & (widths <= ASPECT[1] * heights)
        & (widths >= limits.width[0] * size[0]) & (widths <= slack * limits.width[1] * size[0])
        & (heights <= slack * limits.height * size[1]) & (down >= limits.top) & (to_end <= slack * _END * size[1])
    )  # fmt: skip
    candidates = np.flatnonzero(fits)
    # Of two candidates with like scores the lower one: lettering and badges stand above the plate.
    return candidates[np.argsort(-(scores + down)[candidates], kind="stable")][: limits.count]
