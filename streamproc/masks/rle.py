"""Masks as COCO writes them: run-length encoding, and polygons.

A mask is read column by column from the top left; counts are the lengths of its runs, of 0 first, then of 1, and so on
in turn. Compressed, each count from the fourth on is stored as its difference to the one two before, in groups of five
bits, low ones first, each as the character 48 + bits; 32 marks that more follow, and the last group's 16 is the sign.
The format is that of the COCO API: https://github.com/cocodataset/cocoapi/blob/master/common/maskApi.c

A person of 120x300 pixels in a 1080p frame takes 0.04 ms to encode, 0.06 to decode into its own box and 0.08 into the
whole frame (pycocotools, which reads and writes the whole frame: 0.57 and 1.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import numpy as np

from streamproc.errors import FormatError
from streamproc.jit import kernel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

# Polygons are drawn at this many times the resolution, as the COCO API does.
_FINE = 5
_FARTHEST = 1 << 20  # pixels; a damaged coordinate must not make us walk along a line for ever

# No picture that we read or write is larger; a damaged size must not make us ask for all memory.
MAX_PIXELS = 1 << 28

_FAULTS = {
    -1: "counts end within a number",
    -2: "counts hold a character outside '0' to 'o', or a number too long",
    -3: "counts hold a negative run",
    -4: "counts do not add up to the size",
}


class Rle(TypedDict):
    """COCO's compressed form: ``size`` is [height, width] of the frame."""

    size: list[int]
    counts: str


def encode(mask: NDArray[np.uint8], frame_height: int, frame_width: int, offset: tuple[int, int] = (0, 0)) -> Rle:
    """The compressed RLE of a frame in which ``mask`` stands with its top left at ``offset`` (x, y).

    ``mask`` is uint8 or bool (h, w), on where not 0; what leaves the frame is left out. Raises FormatError for a frame
    of no pixels or more than ``MAX_PIXELS``.
    """
    _check_size(frame_height, frame_width)
    left, top = offset
    inside = mask[max(0, -top) : max(0, frame_height - top), max(0, -left) : max(0, frame_width - left)]
    ones = np.ascontiguousarray(inside != 0).view(np.uint8)
    runs = _runs(ones, frame_height, frame_width, max(0, left), max(0, top))
    return {"size": [frame_height, frame_width], "counts": _compress(runs).tobytes().decode("ascii")}


def decode(rle: Mapping[str, object]) -> NDArray[np.uint8]:
    """The mask of the whole frame, uint8 (height, width), 0 and 255.

    ``rle`` has ``size`` [height, width] and ``counts``, a string (compressed) or a list of run lengths. Raises
    FormatError where they are malformed, do not add up to the size, or the frame has more than ``MAX_PIXELS``.
    """
    height, width, runs = _parsed(rle)
    mask = np.zeros((height, width), np.uint8)
    _fill(runs, height, 0, 0, mask)
    return mask


def decode_cropped(rle: Mapping[str, object]) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The smallest part of the mask that holds all of it, uint8 (h, w), 0 and 255, and its top left (x, y).

    An empty mask gives an array of shape (0, 0) at (0, 0). Raises FormatError as ``decode`` does.
    """
    height, _, runs = _parsed(rle)
    x1, y1, x2, y2 = _bounds(runs, height)
    mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
    _fill(runs, height, x1, y1, mask)
    return mask, (x1, y1)


def polygons_to_mask(polygons: Sequence[Sequence[float]], height: int, width: int) -> NDArray[np.uint8]:
    """The union of polygons, each x1, y1, x2, y2, ... in pixels: uint8 (height, width), 0 and 255.

    A pixel is on by the COCO API's rule, to the bit (``rleFrPoly`` in its maskApi.c): the outline is drawn as a
    line at five times the resolution, and a column of pixels changes between on and off where the outline crosses its
    middle; crossings are rounded so that a pixel counts from its centre on. Raises FormatError for a size that
    ``encode`` refuses, an odd number of coordinates, fewer than three points, and coordinates that are not finite or
    beyond a million.
    """
    _check_size(height, width)
    mask = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        points = _points(polygon)
        odd = np.zeros((height, width), np.uint8)
        _cross(points, odd)
        mask |= odd
    return mask


def _points(polygon: Sequence[float]) -> NDArray[np.int64]:
    """A polygon's points in fine pixels, (N, 2)."""
    try:
        flat = np.asarray(polygon, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"polygon: coordinates must be numbers: {error}") from error
    if flat.ndim != 1 or len(flat) < 6 or len(flat) % 2:
        raise FormatError(f"polygon: needs x, y of at least three points in one list, not shape {flat.shape}")
    if not (np.abs(flat) <= _FARTHEST).all():
        raise FormatError(f"polygon: coordinates must lie within +-{_FARTHEST} pixels")
    return np.trunc(_FINE * flat + 0.5).astype(np.int64).reshape(-1, 2)


def _check_size(height: int, width: int) -> None:
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise FormatError(
            f"RLE of size [{height}, {width}]: each side must be 1 or more, all at most {MAX_PIXELS} pixels"
        )


def _parsed(rle: Mapping[str, object]) -> tuple[int, int, NDArray[np.int64]]:
    size, counts = rle.get("size"), rle.get("counts")
    if not isinstance(size, list | tuple) or len(size) != 2 or not all(type(side) is int for side in size):
        raise FormatError("RLE: size must be [height, width], two whole numbers")
    height, width = size
    _check_size(height, width)
    if isinstance(counts, str):
        if not counts.isascii():
            raise FormatError(f"RLE of size [{height}, {width}]: {_FAULTS[-2]}")
        counts = counts.encode("ascii")
    if isinstance(counts, bytes):
        runs = np.empty(len(counts), np.int64)
        used = _expand(np.frombuffer(counts, np.uint8), height * width, runs)
        runs = runs[: max(0, used)]
    elif isinstance(counts, list | tuple) and all(type(run) is int for run in counts):
        used = 0
        if any(run < 0 for run in counts):
            used = -3
        elif sum(counts) != height * width:
            used = -4
        runs = np.array([] if used else counts, np.int64)
    else:
        raise FormatError(f"RLE of size [{height}, {width}]: counts must be a string or a list of whole numbers")
    if used < 0:
        raise FormatError(f"RLE of size [{height}, {width}]: {_FAULTS[used]}")
    return height, width, runs


@kernel("int64[::1](uint8[:, ::1], int64, int64, int64, int64)")
def _runs(mask: NDArray[np.uint8], height: int, width: int, left: int, top: int) -> NDArray[np.int64]:
    """The runs of a frame that is 0 but for ``mask``, 0 and 1, which stands at (left, top) and lies within."""
    rows, columns = mask.shape
    changes = 2
    for x in range(columns):
        before = np.uint8(0)
        for y in range(rows):
            changes += int(mask[y, x] ^ before)
            before = mask[y, x]
        changes += int(before)
    # Where the value changes, each column between zeros. Two changes at one place, the end of a column that is on and
    # the start of the next, are none. runs[0] stands for the frame's start until differences are taken.
    runs = np.empty(changes, np.int64)
    runs[0] = 0
    count = 1
    for x in range(columns):
        start = (left + x) * height + top
        before = np.uint8(0)
        for y in range(rows + 1):
            value = mask[y, x] if y < rows else np.uint8(0)
            if value != before:
                before = value
                if count > 1 and runs[count - 1] == start + y:
                    count -= 1
                else:
                    runs[count] = start + y
                    count += 1
    if runs[count - 1] < height * width:
        runs[count] = height * width
        count += 1
    count -= 1
    for index in range(count):
        runs[index] = runs[index + 1] - runs[index]
    return runs[:count]


@kernel("uint8[::1](int64[::1])")
def _compress(runs: NDArray[np.int64]) -> NDArray[np.uint8]:
    text = np.empty(7 * len(runs), np.uint8)  # 31 bits fill seven groups, and MAX_PIXELS keeps within 30
    at = 0
    for index in range(len(runs)):
        number = int(runs[index]) - (int(runs[index - 2]) if index > 2 else 0)
        more = True
        while more:
            group = number & 31
            number >>= 5
            more = number != (-1 if group & 16 else 0)
            text[at] = 48 + group + (32 if more else 0)
            at += 1
    return text[:at]


@kernel("int64(Array(uint8, 1, 'C', readonly=True), int64, int64[::1])")
def _expand(text: NDArray[np.uint8], pixels: int, runs: NDArray[np.int64]) -> int:
    """Write the runs of compressed counts into ``runs``; how many, or a key of ``_FAULTS``."""
    count = 0
    total = 0
    at = 0
    while at < len(text):
        number = 0
        shift = 0
        more = True
        while more:
            if at == len(text):
                return -1
            group = int(np.int64(text[at])) - 48
            at += 1
            if group < 0 or group > 63 or shift > 30:
                return -2
            number |= (group & 31) << shift
            shift += 5
            more = group & 32 != 0
            if not more and group & 16:
                number -= 1 << shift
        if count > 2:
            number += int(runs[count - 2])
        if number < 0:
            return -3
        total += number
        if total > pixels:
            return -4
        runs[count] = number
        count += 1
    return count if total == pixels else -4


@kernel("UniTuple(int64, 4)(int64[::1], int64)")
def _bounds(runs: NDArray[np.int64], height: int) -> tuple[int, int, int, int]:
    """x1, y1, x2, y2 of all that is on, ends exclusive."""
    x1, y1, x2, y2 = -1, height, 0, 0
    end = 0
    for index in range(len(runs)):
        start, end = end, end + runs[index]
        if index % 2 == 0 or start == end:
            continue
        first, last = start // height, (end - 1) // height
        if x1 < 0:
            x1 = first
        x2 = last + 1
        y1 = min(y1, start % height if first == last else 0)
        y2 = max(y2, end - last * height if first == last else height)
    return (0, 0, 0, 0) if x1 < 0 else (x1, y1, x2, y2)


@kernel("void(int64[::1], int64, int64, int64, uint8[:, ::1])")
def _fill(runs: NDArray[np.int64], height: int, left: int, top: int, target: NDArray[np.uint8]) -> None:
    """Set what is on to 255; all of it must lie within ``target``, which stands at (left, top)."""
    end = 0
    for index in range(len(runs)):
        start, end = end, end + runs[index]
        if index % 2:
            x, y = start // height, start % height
            for _ in range(start, end):
                target[y - top, x - left] = 255
                y += 1
                if y == height:
                    x, y = x + 1, 0


@kernel("void(int64[:, ::1], uint8[:, ::1])")
def _cross(points: NDArray[np.int64], mask: NDArray[np.uint8]) -> None:
    """Fill a polygon of fine points into a mask of zeros."""
    height, width = mask.shape
    u = v = 0
    began = False
    for index in range(len(points)):
        x1, y1 = int(points[index, 0]), int(points[index, 1])
        after = (index + 1) % len(points)
        x2, y2 = int(points[after, 0]), int(points[after, 1])
        across, down = abs(x2 - x1), abs(y2 - y1)
        steep = across < down
        # Both directions of an edge give the same line.
        turned = y1 > y2 if steep else x1 > x2
        if turned:
            x1, y1, x2, y2 = x2, y2, x1, y1
        steps = max(across, down)
        slope = ((x2 - x1) if steep else (y2 - y1)) / max(1, steps)
        for step in range(steps + 1):
            along = steps - step if turned else step
            before_u, before_v = u, v
            if steep:
                u, v = int(x1 + slope * along + 0.5), y1 + along
            else:
                u, v = x1 + along, int(y1 + slope * along + 0.5)
            x = (u if u < before_u else u - 1) - _FINE // 2
            if began and u != before_u and x % _FINE == 0 and 0 <= x < width * _FINE:
                y = max(0, -((_FINE // 2 - min(v, before_v)) // _FINE))
                if y < height:
                    mask[y, x // _FINE] ^= 255
            began = True
    for y in range(1, height):
        for x in range(width):
            mask[y, x] ^= mask[y - 1, x]
