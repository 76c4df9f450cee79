"""From an instance mask back to its instances, and which of the two colour codings it is in.

Coding ``or``: B is one bit a type (128, 64, 32, 16) and overlapping colours are combined by bitwise OR. Which instances
lie under a combined colour is not written anywhere; it is read from the neighbourhood. A colour is an overlap if the
colours that touch it and hold only bits of its own give it when combined; its pixels then belong to each of those.
That finds the overlaps of all objects that show a part of themselves beside the overlap. What it cannot find:

- An object that lies wholly inside others (a face on its person) never shows its own green. It is found by its blue
  bit, with all of its pixels, and its ``green`` is the combined one: ``pure`` is False. Where it lies on several
  others, it is found as one instance for each combined green.
- An object wholly inside another of its own type is taken for one that lies beside it, which then has a hole there.
- Where instances of one type touch and the code of one is the OR of those of others, it is taken for their overlap; and
  an instance that touches an overlap which holds its type and all bits of its code is taken to lie under it.
- Two instances of one type and one code are one.

Coding ``legacy``: every colour is one instance; where objects overlapped, only the one on top is there.

A 1080p mask of 12 instances takes 5 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from streamproc.errors import FormatError
from streamproc.jit import kernel
from streamproc.masks.objects import MaskCoding, ObjectType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Plane = NDArray[np.uint8]
    Atom = tuple[ObjectType, int, bool]  # type, green, pure: an instance

_LEGACY_TYPES = {object_type.legacy_blue: object_type for object_type in ObjectType}
_OR_BLUES = frozenset(range(16, 241, 16))
_BOTH = frozenset({128, 64, 192})  # 192 is a face in legacy, a person with a licence plate in OR
_PAIR = 192


@dataclass(frozen=True, slots=True, eq=False)
class DecodedInstance:
    """One object of an instance mask.

    ``box`` is (x1, y1, x2, y2) in pixels, ends exclusive: the smallest that holds it. ``mask`` is uint8 (y2 - y1,
    x2 - x1), 255 on the object and 0 elsewhere. ``pure`` says that ``green`` is its own code; else that is only seen
    combined with others.
    """

    object_type: ObjectType
    green: int
    pure: bool
    box: tuple[int, int, int, int]
    mask: Plane


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """What an instance mask says. ``certain``: only ``coding`` can have made it; ``why`` tells in words."""

    coding: MaskCoding
    certain: bool
    why: str
    instances: list[DecodedInstance]


def decode_instances(rgb: NDArray[np.uint8], coding: MaskCoding | None = None) -> Decoded:
    """The instances of an instance mask, uint8 (height, width, 3) in the order R, G, B; see ``decode_planes``."""
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise FormatError(f"an instance mask is uint8 (height, width, 3), not {rgb.dtype} {rgb.shape}")
    if rgb[..., 0].any():
        y, x = np.argwhere(rgb[..., 0])[0].tolist()
        raise FormatError(f"no instance mask: red is {rgb[y, x, 0]} at x {x}, y {y}, and must be 0 everywhere")
    return decode_planes(rgb[..., 1], rgb[..., 2], coding)


def decode_planes(green: Plane, blue: Plane, coding: MaskCoding | None = None) -> Decoded:
    """The instances of an instance mask given as its green and blue planes, uint8 (height, width).

    Without ``coding`` it is told from the colours. Instances come in the order of type (as in ``ObjectType``), then
    green. Raises FormatError for colours that are in neither coding, or not in the given one.
    """
    if green.shape != blue.shape or green.ndim != 2 or green.dtype != np.uint8 or blue.dtype != np.uint8:
        raise FormatError(f"green and blue planes must be uint8 of one size, not {green.shape} and {blue.shape}")
    survey = _Survey(np.ascontiguousarray(green), np.ascontiguousarray(blue))
    found, certain, why = _tell_coding(survey)
    if coding is None:
        coding = found
    elif coding is not found:
        if certain:
            raise FormatError(f"the mask is not in coding {coding}: {why}")
        why = f"given; the colours are possible in both codings ({why})"
    atoms = _overlaps(survey) if coding is MaskCoding.OR else _plain(survey)
    return Decoded(coding, certain, why, survey.instances(atoms))


class _Survey:
    """The K colours of a mask, where they are and which touch which (8-neighbours)."""

    def __init__(self, green: Plane, blue: Plane) -> None:
        self._green, self._blue = green, blue
        boxes = _boxes(green, blue)
        keys = np.flatnonzero(boxes[:, 2])
        self.colours = [(int(key) >> 8, int(key) & 255) for key in keys]  # (blue, green)
        self._boxes = boxes[keys]
        self._check()
        self._slots = np.full(1 << 16, -1, np.int32)
        self._slots[keys] = np.arange(len(keys))
        self.touching = _touching(green, blue, self._slots, len(keys))

    def _check(self) -> None:
        for (blue, green), box in zip(self.colours, self._boxes, strict=True):
            if green == 0 or (blue not in _OR_BLUES and blue not in _LEGACY_TYPES):
                x, y = int(box[0]), int(box[1])
                raise FormatError(
                    f"no instance mask: green {green} with blue {blue} near x {x}, y {y}; green must be 1..255 and "
                    "blue a sum of 128, 64, 32 and 16, or 255"
                )

    def parts(self, slot: int) -> list[int]:
        """The colours that touch one colour and hold only bits of its own."""
        blue, green = self.colours[slot]
        return [
            other
            for other in np.flatnonzero(self.touching[slot]).tolist()
            if not (self.colours[other][0] & ~blue or self.colours[other][1] & ~green)
        ]

    def instances(self, atoms: list[set[Atom]]) -> list[DecodedInstance]:
        """Cut out the instances, given for each colour which of them lie under it."""
        members: dict[Atom, list[int]] = {}
        for slot, under in enumerate(atoms):
            for atom in under:
                members.setdefault(atom, []).append(slot)
        order = list(ObjectType)
        return [
            self._cut(atom, members[atom])
            for atom in sorted(members, key=lambda atom: (order.index(atom[0]), atom[1], not atom[2]))
        ]

    def _cut(self, atom: Atom, slots: list[int]) -> DecodedInstance:
        boxes = self._boxes[slots]
        x1, y1 = boxes[:, :2].min(axis=0).tolist()
        x2, y2 = boxes[:, 2:].max(axis=0).tolist()
        on = np.zeros(len(self.colours) + 1, np.uint8)  # the last is the background's, slot -1
        on[slots] = 255
        keys = self._blue[y1:y2, x1:x2].astype(np.uint16) << 8 | self._green[y1:y2, x1:x2]
        return DecodedInstance(*atom, (x1, y1, x2, y2), on[self._slots[keys]])


def _tell_coding(survey: _Survey) -> tuple[MaskCoding, bool, str]:
    """The coding, whether no other is possible, and why."""
    blues = {blue for blue, _ in survey.colours}
    only_or, only_legacy = blues & _OR_BLUES - _BOTH, blues - _OR_BLUES
    if only_or and only_legacy:
        raise FormatError(
            f"no instance mask: blue {_listed(only_or)} is of coding or, {_listed(only_legacy)} of legacy"
        )
    if only_legacy:
        return MaskCoding.LEGACY, True, "blue 255 is a vehicle in legacy and nothing in or"
    if only_or:
        return MaskCoding.OR, True, f"blue {_listed(only_or)} is possible in coding or alone"
    if _PAIR not in blues:
        return (
            MaskCoding.OR,
            False,
            "ambiguous: persons and licence plates that do not overlap look alike in both codings",
        )
    return _tell_pair(survey)


def _tell_pair(survey: _Survey) -> tuple[MaskCoding, bool, str]:
    """Is blue 192 a person with a licence plate, or a face?

    The edge of an overlap touches the person or the plate that goes on beyond it, and every bit of their green is in
    the overlap's. A face lies on a person of any green.
    """
    pairs = [slot for slot, (blue, _) in enumerate(survey.colours) if blue == _PAIR]
    alone = [slot for slot in pairs if not survey.parts(slot)]
    why = "ambiguous: blue 192 is a face in legacy, a person with a licence plate in or; "
    if alone:
        greens = _listed(survey.colours[slot][1] for slot in alone)
        why += f"where it has green {greens} it touches no person or plate that could be a part of such an overlap"
        return MaskCoding.LEGACY, False, why
    why += "wherever it is, it touches persons or plates that can be parts of such an overlap"
    return MaskCoding.OR, False, why


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(str(number) for number in sorted(set(numbers)))


def _plain(survey: _Survey) -> list[set[Atom]]:
    return [{(_LEGACY_TYPES[blue], green, True)} for blue, green in survey.colours]


def _overlaps(survey: _Survey) -> list[set[Atom]]:
    """The instances under each colour of coding OR, colours of few bits first."""
    atoms: list[set[Atom]] = [set() for _ in survey.colours]
    for slot in sorted(range(len(atoms)), key=lambda slot: _bits(survey.colours[slot])):
        blue, green = survey.colours[slot]
        under: set[Atom] = set()
        for part in survey.parts(slot):
            under |= atoms[part]
        types = [object_type for object_type in ObjectType if object_type.bit & blue]
        combined = 0
        for _, code, _ in under:
            combined |= code
        if len(types) == 1 and combined != green:
            under = {(types[0], green, True)}
        else:
            present = {object_type for object_type, _, _ in under}
            under |= {(object_type, green, False) for object_type in types if object_type not in present}
        atoms[slot] = under
    return atoms


def _bits(colour: tuple[int, int]) -> int:
    return sum(part.bit_count() for part in colour)


@kernel("int32[:, ::1](uint8[:, ::1], uint8[:, ::1])")
def _boxes(green: Plane, blue: Plane) -> NDArray[np.int32]:
    """For each colour, at 256 * blue + green, the box that holds it: x1, y1, x2, y2; x2 = 0 where there is none."""
    height, width = green.shape
    boxes = np.zeros((1 << 16, 4), np.int32)
    for y in range(height):
        for x in range(width):
            key = np.int64(blue[y, x]) << 8 | green[y, x]
            if key == 0:
                continue
            box = boxes[key]
            if box[2] == 0:
                box[0], box[1] = x, y
            box[0] = min(box[0], x)
            box[2] = max(box[2], x + 1)
            box[3] = y + 1
    return boxes


@kernel("boolean[:, ::1](uint8[:, ::1], uint8[:, ::1], int32[::1], int64)")
def _touching(green: Plane, blue: Plane, slots: NDArray[np.int32], count: int) -> NDArray[np.bool_]:
    """Which of the colours have neighbouring pixels, bool (count, count), symmetric, False for a colour and itself."""
    height, width = green.shape
    touching = np.zeros((count, count), np.bool_)
    for y in range(height):
        for x in range(width):
            key = np.int64(blue[y, x]) << 8 | green[y, x]
            if key == 0:
                continue
            for down, right in ((0, 1), (1, -1), (1, 0), (1, 1)):
                if y + down < height and 0 <= x + right < width:
                    other = np.int64(blue[y + down, x + right]) << 8 | green[y + down, x + right]
                    if other not in (0, key):
                        touching[slots[key], slots[other]] = touching[slots[other], slots[key]] = True
    return touching
