"""Checks the masks of one frame against its metadata and against each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from streamproc.masks.scale import scale_plane, scaled_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from streamproc.metadata.parse import FrameMetadata
    from streamproc.metadata.records import Colour

    Plane = NDArray[np.uint8]
    Problems = Iterator[tuple[str | None, str]]  # key, message

_LEGACY_ONLY_BLUES = ([192], [255])
_COLOURS = 1 << 16


@dataclass(slots=True)
class Hidden:
    """How many detections have a colour that no pixel shows by itself: others lie over it, or it was scaled away."""

    count: int = 0


def size_problem(frame: FrameMetadata, width: int, height: int) -> str | None:
    """What is wrong with a mask's size of ``width`` x ``height`` pixels; None when it is a scale of the frame's."""
    if any(scaled_size(frame.width, frame.height, percent) == (width, height) for percent in range(1, 101)):
        return None
    return f"a mask of {width}x{height} pixels is no scale of the frame's {frame.width}x{frame.height}"


def is_legacy(record: Mapping[str, Any]) -> bool:
    """Whether the colours of a frame's record, well-formed or not, can only be those of the older coding."""
    detections = record.get("detections")
    listed = detections if isinstance(detections, list) else []
    colours = [found.get("color") for found in listed if isinstance(found, dict)]
    return any(isinstance(colour, list) and colour[2:] in _LEGACY_ONLY_BLUES for colour in colours)


def check_instance(
    frame: FrameMetadata, red: Plane, green: Plane, blue: Plane, *, legacy: bool, hidden: Hidden
) -> Problems:
    """What is wrong with an instance mask, given as planes (height, width) of a size that ``size_problem`` allows."""
    if red.any():
        yield None, f"red is not 0 at {_first(red != 0)}"
    mask = _combined(green, blue)
    colours = [_key(colour) for colour in frame.colours]
    known = {colour for colour in colours if colour is not None}
    for value in _present(mask):
        if not _explained(value, known, legacy=legacy):
            how = "is the colour of no detection" if legacy else "is no combination of the detections' colours"
            yield None, f"colour [0, {value & 255}, {value >> 8}] at {_first(mask == value)} {how}"
    full_size = mask.shape == (frame.height, frame.width)
    for index, colour in enumerate(colours):
        if colour is None:
            continue
        part = mask[_scaled_box(frame, index, mask.shape)]
        if (part == colour).any():
            continue
        covered = (part & colour == colour).any() if not legacy else bool(np.isin(part, list(known)).any())
        if not covered and full_size:
            given = list(frame.colours[index] or ())
            yield f"detections[{index}].color", f"{given} is nowhere in the detection's box"
        else:
            hidden.count += 1
    if frame.detections and not legacy and all(found.mask is not None for found in frame.detections):
        differs = _rebuilt(frame, colours, mask.shape) != mask
        if differs.any():
            count = np.count_nonzero(differs)
            yield "detections", f"the segmentations give another mask in {count} pixels, first at {_first(differs)}"


def check_binary(
    frame: FrameMetadata, binary: Plane, instance: tuple[Plane, Plane] | None, *, legacy: bool
) -> Problems:
    """What is wrong with a binary mask; ``instance`` is the (green, blue) of the instance mask of the same size.

    It has to be set where an anonymised detection is, may be set where another one is (those of method ``detect``),
    and has to be clear elsewhere.
    """
    off_values = (binary != 0) & (binary != 255)
    if off_values.any():
        yield None, f"value {binary[off_values][0]} at {_first(off_values)}; a binary mask has 0 and 255 only"
    if not frame.detections and binary.any():
        yield None, f"is set at {_first(binary != 0)}, and the frame has no detection"
    if instance is None:
        for index, anonymised in enumerate(frame.anonymised):
            full_size = binary.shape == (frame.height, frame.width)
            if anonymised and full_size and not binary[_scaled_box(frame, index, binary.shape)].any():
                yield f"detections[{index}].is_anonymised", "the binary mask is empty in the detection's box"
        return
    mask = _combined(*instance)
    alone = (mask == 0) & (binary != 0)
    if alone.any():
        yield None, f"is set at {_first(alone)}, where the instance mask is 0"
    others = {
        key
        for colour, anonymised in zip(frame.colours, frame.anonymised, strict=True)
        if not anonymised and (key := _key(colour)) is not None
    }
    needed = np.zeros(_COLOURS, np.bool_)
    needed[[value for value in _present(mask) if not _explained(value, others, legacy=legacy)]] = True
    bare = needed[mask] & (binary == 0)
    if bare.any():
        yield None, f"is 0 at {_first(bare)}, where the instance mask shows an anonymised detection"


def _combined(green: Plane, blue: Plane) -> NDArray[np.uint16]:
    combined = blue.astype(np.uint16)
    combined <<= 8
    combined |= green
    return combined


def _key(colour: Colour | None) -> int | None:
    return None if colour is None else colour[2] << 8 | colour[1]


def _present(mask: NDArray[np.uint16]) -> list[int]:
    """The colours of a mask but the background; a table beats sorting 2 million pixels ten times over."""
    table = np.zeros(_COLOURS, np.bool_)
    table[mask.ravel()] = True
    table[0] = False
    return [int(value) for value in np.flatnonzero(table)]


def _explained(value: int, known: set[int], *, legacy: bool) -> bool:
    """Whether a colour is one of ``known`` or, but for legacy, an OR of some of them."""
    if legacy or value in known:
        return value in known
    combined = 0
    for colour in known:
        if colour & value == colour:
            combined |= colour
    return combined == value


def _scaled_box(frame: FrameMetadata, index: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    x1, y1, x2, y2 = frame.detections[index].box
    rows, columns = shape[0] / frame.height, shape[1] / frame.width
    return (
        slice(max(math.floor(y1 * rows), 0), math.ceil(y2 * rows)),
        slice(max(math.floor(x1 * columns), 0), math.ceil(x2 * columns)),
    )


def _rebuilt(frame: FrameMetadata, colours: Sequence[int | None], shape: tuple[int, ...]) -> NDArray[np.uint16]:
    """The instance mask that the segmentations and colours give, at the size of ``shape``."""
    planes: list[Plane] = [np.zeros((frame.height, frame.width), np.uint8) for _ in range(2)]
    for found, colour in zip(frame.detections, colours, strict=True):
        if colour is None or found.mask is None:
            continue
        (x, y), (rows, columns) = found.corner, found.mask.shape
        bits = found.mask[max(-y, 0) :, max(-x, 0) :]
        for plane, code in zip(planes, (colour & 255, colour >> 8), strict=True):
            target = plane[max(y, 0) : y + rows, max(x, 0) : x + columns]
            target |= bits[: target.shape[0], : target.shape[1]] & np.uint8(code)
    if shape != planes[0].shape:
        scaled: list[Plane] = [np.zeros(shape, np.uint8) for _ in planes]
        for plane, target in zip(planes, scaled, strict=True):
            scale_plane(plane, target, (frame.width, frame.height), (shape[1], shape[0]))
        planes = scaled
    return _combined(*planes)


def _first(where: NDArray[np.bool_]) -> str:
    y, x = np.unravel_index(int(where.argmax()), where.shape)
    return f"x {x}, y {y}"
