"""The colours of instances: green tells objects of one type apart, blue tells types apart."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from streamproc.masks.objects import MaskCoding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from streamproc.masks.objects import ObjectType

_CODES = 255  # 1..255; 0 is the background
# Numbers 0, 1, 2 ... take codes 254, 157, 60, 218, 121: steps near the golden section of the range put each new code
# into a wide gap (https://en.wikipedia.org/wiki/Low-discrepancy_sequence, additive recurrence). 158 has no factor in
# common with 255, so 255 successive numbers take every code once.
_STEP, _SHIFT = 158, 253
# A number that finds its code taken tries those of numbers this far away, so that tracks begun next stay undisturbed.
_STRIDE = 127


def instance_greens(types: Sequence[ObjectType], track_ids: Sequence[int | None]) -> tuple[NDArray[np.uint8], int]:
    """The green code, 1..255, of each of N detections of a frame: uint8 (N,); and how many repeat another's.

    Codes are distinct within a type. A tracked object's code follows from its track id and so stays the same in all
    frames; where two ids want one code (they differ by a multiple of 255), the lower id has it. Their order is of no
    consequence. Detections without a track (None) take what is left in their order. The 256th and further objects of
    one type repeat codes; the second value counts them.
    """
    greens = np.empty(len(types), np.uint8)
    for object_type in set(types):
        members = [index for index, of_type in enumerate(types) if of_type is object_type]
        for index, code in _codes_of({index: track_ids[index] for index in members}).items():
            greens[index] = code
    return greens, sum(max(0, count - _CODES) for count in Counter(types).values())


def blues(types: Sequence[ObjectType], coding: MaskCoding) -> NDArray[np.uint8]:
    """The blue value of each of N detections: uint8 (N,)."""
    return np.array([_blue(object_type, coding) for object_type in types], np.uint8)


def colour(green: int, object_type: ObjectType, coding: MaskCoding) -> tuple[int, int, int]:
    """The pure colour (R, G, B) of an instance in the instance mask."""
    return 0, int(green), _blue(object_type, coding)


def _blue(object_type: ObjectType, coding: MaskCoding) -> int:
    return object_type.bit if coding is MaskCoding.OR else object_type.legacy_blue


def _code(number: int) -> int:
    return 1 + (number * _STEP + _SHIFT) % _CODES


def _codes_of(track_ids: dict[int, int | None]) -> dict[int, int]:
    """The codes of the detections of one type, by their index."""
    codes: dict[int, int] = {}
    taken: set[int] = set()
    wanting: list[tuple[int, int]] = []
    tracked = sorted((track, index) for index, track in track_ids.items() if track is not None)
    for track, index in tracked:
        if (code := _code(track)) in taken:
            wanting.append((track, index))
        else:
            codes[index] = code
            taken.add(code)
    wanting += enumerate(index for index, track in track_ids.items() if track is None)
    for number, index in wanting:
        while len(taken) < _CODES and _code(number) in taken:
            number += _STRIDE
        codes[index] = _code(number)
        taken.add(codes[index])
    return codes
