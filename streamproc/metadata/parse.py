"""From a metadata record, of this or an older program, to typed values; the inverse of ``records``.

What is read generously: ``is_anonymized``, either order of ``size``, unknown keys, missing newer keys, missing
segmentations. What is refused: anything that would leave open which pixels a detection covers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from streamproc.detect.detection import Detection
from streamproc.errors import FormatError
from streamproc.masks import rle
from streamproc.masks.objects import ObjectType
from streamproc.metadata.values import (
    At,
    is_byte,
    is_number,
    is_positive,
    optional_integer,
    optional_number,
    optional_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from streamproc.metadata.records import Colour

_TYPES_BY_CODE = {object_type.code: object_type for object_type in ObjectType}

_FRAME_KEYS = frozenset(
    ("id", "detections", "size", "duration", "width", "height", "pts", "time_base", "time", "captured_at", "epoch",
     "filename", "folder")
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameMetadata:
    """One frame's or image's record. ``anonymised`` and ``colours`` run parallel to ``detections``.

    ``id`` is the frame's ordinal, or an image's file name. ``width`` and ``height`` are in pixels; ``size_assumed``
    says that neither keys nor boxes told which is which in ``size``. ``pts`` (ticks), ``time_base`` (seconds a tick)
    and ``time`` (seconds) are None where the record has none, as in older files and for images. ``extra`` holds the
    keys that the format does not know.
    """

    id: int | str
    detections: tuple[Detection, ...]
    anonymised: tuple[bool, ...]
    colours: tuple[Colour | None, ...]
    width: int
    height: int
    size_assumed: bool = False
    pts: int | None = None
    time_base: Fraction | None = None
    time: float | None = None
    duration: float | None = None
    captured_at: str | None = None
    epoch: int | None = None
    filename: str | None = None
    folder: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def width_first(record: Mapping[str, Any]) -> bool | None:
    """Whether ``size`` of a record is [width, height]; None when nothing in the record tells.

    The format is height first; some older files are not. ``width`` and ``height`` tell, and so does a segmentation
    (whose size is always height first), or a box that fits only one way.
    """
    size = record.get("size")
    if not isinstance(size, list) or len(size) != 2 or size[0] == size[1]:
        return None
    if "width" in record and "height" in record:
        return bool(size == [record["width"], record["height"]])
    detections = record.get("detections")
    for detection in detections if isinstance(detections, list) else ():
        if not isinstance(detection, dict):
            continue
        segmentation, box = detection.get("segmentation"), detection.get("bbox")
        if isinstance(segmentation, dict) and segmentation.get("size") in (size, size[::-1]):
            return bool(segmentation["size"] != size)
        try:
            as_height_first = box[2] <= size[1] and box[3] <= size[0]  # type: ignore[index]  # a TypeError is caught
            as_width_first = box[2] <= size[0] and box[3] <= size[1]  # type: ignore[index]
        except (TypeError, IndexError, KeyError):
            continue
        if as_height_first != as_width_first:
            return bool(as_width_first)
    return None


def parse_record(record: Mapping[str, Any], path: Path, *, size_width_first: bool | None = None) -> FrameMetadata:
    """Read one record of ``path``. ``size_width_first`` says what other records of the file tell about ``size``.

    Raises FormatError naming file, frame, key, what was expected and what was found.
    """
    at = At(path, record.get("id"))
    frame_id = record.get("id")
    if isinstance(frame_id, bool) or not (isinstance(frame_id, str) or (isinstance(frame_id, int) and frame_id >= 0)):
        at.of("id").fail("a frame's ordinal from 0, or an image's file name", frame_id)
    width, height, assumed = _size(record, at, size_width_first)
    raw = record.get("detections")
    if not isinstance(raw, list):
        at.of("detections").fail("an array", raw)
    parsed = [parse_detection(one, at.of("detections").of(i), width, height) for i, one in enumerate(raw)]
    time_base = _time_base(record.get("time_base"), at.of("time_base"))
    pts = optional_integer(record, "pts", at)
    time = optional_number(record, "time", at)
    if time is None and pts is not None and time_base is not None:
        time = float(pts * time_base)
    return FrameMetadata(
        id=frame_id,
        detections=tuple(detection for detection, _, _ in parsed),
        anonymised=tuple(flag for _, flag, _ in parsed),
        colours=tuple(colour for _, _, colour in parsed),
        width=width,
        height=height,
        size_assumed=assumed,
        pts=pts,
        time_base=time_base,
        time=time,
        duration=optional_number(record, "duration", at),
        captured_at=optional_text(record, "captured_at", at),
        epoch=optional_integer(record, "epoch", at),
        filename=optional_text(record, "filename", at),
        folder=optional_text(record, "folder", at),
        extra={key: value for key, value in record.items() if key not in _FRAME_KEYS},
    )


def parse_detection(value: object, at: At, width: int, height: int) -> tuple[Detection, bool, Colour | None]:
    """Read a detection of a picture of ``width`` x ``height`` pixels: the detection, is_anonymised, colour."""
    if not isinstance(value, dict):
        at.fail("an object", value)
    box = parse_box(value.get("bbox"), at.of("bbox"))
    mask, offset = None, None
    if value.get("segmentation") is not None:
        corner = _offset(value.get("offset"), box)
        mask, offset = parse_segmentation(value["segmentation"], at.of("segmentation"), width, height, box, corner)
    detection = Detection(
        object_type=parse_type(value, at),
        box=box,
        score=parse_score(value, at),
        mask=mask,
        offset=offset,
        track_id=optional_integer(value, "track_id", at),
    )
    flag = value.get("is_anonymised", value.get("is_anonymized", True))
    if not isinstance(flag, bool):
        at.of("is_anonymised").fail("true or false", flag)
    return detection, flag, _colour(value.get("color"), at.of("color"))


def parse_box(value: object, at: At) -> tuple[int, int, int, int]:
    """Read [x1, y1, x2, y2]; fractions of a pixel are rounded outwards."""
    if not isinstance(value, list) or len(value) != 4 or not all(map(is_number, value)):
        at.fail("[x1, y1, x2, y2], four numbers", value)
    x1, y1, x2, y2 = math.floor(value[0]), math.floor(value[1]), math.ceil(value[2]), math.ceil(value[3])
    if x2 <= x1 or y2 <= y1:
        at.fail("[x1, y1, x2, y2] with x2 > x1 and y2 > y1", value)
    return x1, y1, x2, y2


def parse_score(value: Mapping[str, Any], at: At) -> float:
    """Read ``score``, 1 where there is none."""
    score = value.get("score")
    if score is None:
        return 1.0
    if not is_number(score) or not 0 <= score <= 1:
        at.of("score").fail("a number from 0 to 1", score)
    return float(score)


def parse_type(value: Mapping[str, Any], at: At) -> ObjectType:
    """Read ``type_label``, or the code in ``type`` where there is none."""
    label = value.get("type_label")
    if label is None:
        code = value.get("type")
        if isinstance(code, int) and code in _TYPES_BY_CODE:
            return _TYPES_BY_CODE[code]
        at.of("type").fail(f"one of {', '.join(map(str, sorted(_TYPES_BY_CODE)))}", code)
    try:
        return ObjectType(label)
    except ValueError:
        at.of("type_label").fail(f"one of {', '.join(ObjectType)}", label)


def parse_segmentation(
    value: object, at: At, width: int, height: int, box: tuple[int, int, int, int], corner: tuple[int, int]
) -> tuple[NDArray[np.uint8] | None, tuple[int, int] | None]:
    """Read a COCO RLE: the mask (0 or 255) and the offset (x, y) of its corner, which is ``corner`` where that fits.

    A segmentation without any pixel gives None, so that the whole box is covered.
    """
    if not isinstance(value, dict) or value.get("size") != [height, width]:
        at.fail(f"a COCO RLE with size [{height}, {width}]", value)
    try:
        cropped, (left, top) = rle.decode_cropped(value)
    except FormatError as error:
        raise FormatError(f"{at.path}: frame {at.frame}: {at.key}: {error}") from error
    if not cropped.any():
        return None, None
    return place(cropped, (left, top), box, corner)


def place(
    cropped: NDArray[np.uint8], at: tuple[int, int], box: tuple[int, int, int, int], corner: tuple[int, int]
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Pad a mask that stands at ``at`` (x, y) so that it starts at ``corner`` or earlier and reaches the box's end.

    The array's size does not depend on how the mask was stored then, and nothing that is computed from it does.
    """
    (left, top), (rows, columns) = at, cropped.shape
    x, y = min(corner[0], left, box[0]), min(corner[1], top, box[1])
    mask = np.zeros((max(top + rows, box[3]) - y, max(left + columns, box[2]) - x), np.uint8)
    mask[top - y : top - y + rows, left - x : left - x + columns] = cropped
    return mask, (x, y)


def _size(record: Mapping[str, Any], at: At, told: bool | None) -> tuple[int, int, bool]:
    width, height, size = record.get("width"), record.get("height"), record.get("size")
    if width is not None or height is not None:
        for key, value in (("width", width), ("height", height)):
            if not is_positive(value):
                at.of(key).fail("a positive integer", value)
        return int(width), int(height), False  # type: ignore[arg-type]  # checked above
    if not isinstance(size, list) or len(size) != 2 or not all(map(is_positive, size)):
        at.of("size").fail("[height, width], two positive integers", size)
    if told is None:
        told = width_first(record)
    high, wide = reversed(size) if told else size
    return wide, high, told is None and wide != high


def _time_base(value: object, at: At) -> Fraction | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2 or not all(map(is_positive, value)):
        at.fail("[numerator, denominator], two positive integers", value)
    return Fraction(value[0], value[1])


def _offset(value: object, box: tuple[int, int, int, int]) -> tuple[int, int]:
    if isinstance(value, list) and len(value) == 2 and all(map(is_number, value)):
        return min(math.floor(value[0]), box[0]), min(math.floor(value[1]), box[1])
    return box[0], box[1]


def _colour(value: object, at: At) -> Colour | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 3 or not all(is_byte(part) for part in value):
        at.fail("[R, G, B], three integers from 0 to 255, or null", value)
    return value[0], value[1], value[2]
