"""Runs the kernels and what they are held against, in turn, on one core.

    python tools/benchlib/kernels_once.py REPEATS WIDTH HEIGHT

Writes JSON: for each thing the seconds of one run of it, the mean of a block of 5, for every repeat.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING

import clips
import numpy as np

from streamproc.anonymise.apply import anonymise
from streamproc.anonymise.treatment import Treatment
from streamproc.detect.detection import Detection
from streamproc.masks.codes import blues, instance_greens
from streamproc.masks.compose import compose
from streamproc.masks.objects import MaskCoding, ObjectType
from streamproc.masks.regions import regions_of
from streamproc.options import Method

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Things = dict[str, Callable[[], object]]

COUNT = 12
BLOCK = 5


def main() -> None:
    """Measure."""
    repeats, width, height = map(int, sys.argv[1:])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    things = {**mask_things(width, height), **blur_things(width, height)}
    seconds: dict[str, list[float]] = {name: [] for name in things}
    for _ in range(repeats):
        for name, thing in things.items():
            thing()  # brings its memory into the caches, which the thing before has filled with its own
            begun = time.perf_counter()
            for _ in range(BLOCK):
                thing()
            seconds[name].append((time.perf_counter() - begun) / BLOCK)
    print(json.dumps(seconds))


def persons(width: int, height: int) -> list[Detection]:
    """12 persons somewhere in the picture, the same each time."""
    rng = np.random.default_rng(1)
    mask = clips.person_mask(min(120, width // 4), min(300, height // 2))
    rows, columns = mask.shape
    found = []
    for _ in range(COUNT):
        x, y = int(rng.integers(0, width - columns)), int(rng.integers(0, height - rows))
        found.append(Detection(ObjectType.PERSON, (x, y, x + columns, y + rows), 0.9, mask.copy(), (x, y)))
    return found


def mask_things(width: int, height: int) -> Things:
    """The mask kernel, its least work (memset, copy), and numpy in four forms that all clear and draw."""
    found = persons(width, height)
    kinds = [one.object_type for one in found]
    greens, _ = instance_greens(kinds, [None] * COUNT)
    codes = blues(kinds, MaskCoding.OR)
    regions = regions_of(found, width, height)
    binary, green, blue = planes = [np.zeros((height, width), np.uint8) for _ in range(3)]
    picture = np.zeros((height, width, 3), np.uint8)
    target = np.empty_like(regions.bits)

    def clear() -> None:
        for plane in planes:
            plane.fill(0)

    def boxes() -> Iterator[tuple[int, tuple[slice, slice], NDArray[np.uint8]]]:
        for i in range(COUNT):
            x1, y1, x2, y2 = regions.rects[i].tolist()
            yield i, (slice(y1, y2), slice(x1, x2)), regions.mask(i)

    def numpy_planar() -> None:
        clear()
        for i, box, bits in boxes():
            binary[box] |= bits
            green[box] |= bits & greens[i]
            blue[box] |= bits & codes[i]

    def numpy_planar_index() -> None:
        clear()
        for i, box, bits in boxes():
            inside = bits > 0
            binary[box][inside] = 255
            green[box][inside] |= greens[i]
            blue[box][inside] |= codes[i]

    def numpy_interleaved() -> None:
        binary.fill(0)
        picture.fill(0)
        for i, box, bits in boxes():
            binary[box] |= bits
            picture[box] |= bits[..., None] & np.array([0, greens[i], codes[i]], np.uint8)

    def numpy_interleaved_channels() -> None:
        binary.fill(0)
        picture.fill(0)
        for i, box, bits in boxes():
            binary[box] |= bits
            part = picture[box]
            part[..., 1] |= bits & greens[i]
            part[..., 2] |= bits & codes[i]

    return {
        "memset": clear,
        "copy": lambda: np.copyto(target, regions.bits),
        "kernel": lambda: compose(regions, greens, codes, *planes, width=width, height=height),
        "numpy, planes, bitwise": numpy_planar,
        "numpy, planes, boolean index": numpy_planar_index,
        "numpy, picture, channel by channel": numpy_interleaved_channels,
        "numpy, picture, colours": numpy_interleaved,
        "regions from masks": lambda: regions_of(found, width, height),
    }


def blur_things(width: int, height: int) -> Things:
    """The blur of 12 persons on the planes of a 4:2:0 picture."""
    regions = regions_of(persons(width, height), width, height)
    chroma = (height + 1) // 2, (width + 1) // 2
    rng = np.random.default_rng(2)
    planes = [rng.integers(0, 256, size, np.uint8) for size in ((height, width), chroma, chroma)]

    def blur(treatment: Treatment) -> None:
        anonymise(planes, [(0, 0), (1, 1), (1, 1)], width, height, [16, 128, 128], regions, [treatment] * COUNT)

    hard, soft = Treatment(Method.BLUR), Treatment(Method.BLUR, gradient_start=0.1, gradient_stop=0.3)
    return {"blur": lambda: blur(hard), "blur, soft edges": lambda: blur(soft)}


if __name__ == "__main__":
    main()
