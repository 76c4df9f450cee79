"""Which text on a vehicle is its licence plate.

A text detector finds plates and lettering alike. A plate is one short line, small against its vehicle, in its lower
part, on its front or rear; lettering is longer, larger, higher, or on its side. Limits are in units of the vehicle's
box and wide on purpose: what could be a plate is covered. They hold for boxes as plates.TextFinder grows them: 43 such
boxes of true plates on cars and pickups measured 0.13 to 0.28 in width, 0.07 to 0.17 in height, 1.2 to 2.5 in aspect
(Argentine plates, 2.7 bare; a European one, 4.7 bare, comes to 3.8), with centres 0.44 to 0.80 down and at most 0.54
of the vehicle's height from its nearer end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from streamproc.detect.boxes import Boxes

ASPECT = (1.1, 5.5)  # width / height
SMALLEST = (8.0, 4.0)  # width and height in frame pixels: smaller text cannot be read
_CUT_OFF = 1.5  # how much larger a plate may be on a vehicle that the frame cuts off
_END = 0.75  # of the vehicle's height: how far from its left or right end the middle of its front or rear can be
_GAP = 0.6  # words of one line are nearer than this part of their height

# Of 23 plates more than 26 pixels wide in eleven street pictures 256 found 20, 384 19, 256 and then 384 21, in 7.6, 13
# and 9.6 ms a vehicle. A bus is so large against its plate that it takes 512.
_SIDES = (256, 384)


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a plate may stand on a vehicle, in parts of the vehicle's box.

    ``width`` is the least and greatest width, ``height`` the greatest height, ``top`` the highest place of its centre.
    No vehicle shows more than one plate at once; ``count`` is how many candidates are covered, since one may err.
    ``sides`` are the sizes, long side in net pixels, at which it is searched, each where the one before shows no plate.
    """

    width: tuple[float, float]
    height: float
    top: float
    count: int
    sides: tuple[int, ...]


CAR = Limits(width=(0.04, 0.45), height=0.18, top=0.33, count=2, sides=_SIDES)
MOTORCYCLE = Limits(width=(0.05, 0.8), height=0.4, top=0.15, count=2, sides=_SIDES)
BUS = Limits(width=(0.02, 0.35), height=0.07, top=0.55, count=1, sides=(512,))
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
