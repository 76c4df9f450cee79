"""Metadata records: what one frame or still image says about itself, as JSON values in the format's key order.

The format is described in docs/metadata.md and frame.schema.json. Boxes are written clipped to the picture, because
the format's readers use them to index arrays; a detection that lies wholly outside the picture shows nothing and is
left out.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from streamproc.masks import rle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamproc.detect.detection import Detection

Colour = tuple[int, int, int]
Record = dict[str, Any]

_NANOSECOND = Fraction(1, 10**9)


def frame_record(
    frame_id: int,
    detections: Sequence[Detection],
    *,
    anonymised: Sequence[bool],
    colours: Sequence[Colour | None],
    width: int,
    height: int,
    duration: float,
    pts: int,
    time_base: Fraction,
    segmentation: bool = False,
    captured_at: str | None = None,
    epoch: int | None = None,
) -> Record:
    """The record of a video frame.

    ``frame_id`` is the frame's ordinal; ``anonymised`` and ``colours`` (R, G, B in the instance mask, None where none
    was written) run parallel to ``detections``; ``width`` and ``height`` are in pixels; ``duration`` is the seconds
    spent on detection and anonymisation; ``pts`` the exact time in ticks of ``time_base`` (seconds a tick).
    ``captured_at`` (RFC 3339, UTC) and ``epoch`` (counts reconnects) belong to live frames.
    """
    record = _record(frame_id, detections, anonymised, colours, width, height, duration, segmentation)
    record["pts"] = pts
    record["time_base"] = [time_base.numerator, time_base.denominator]
    record["time"] = seconds(pts, time_base)
    if captured_at is not None:
        record["captured_at"] = captured_at
    if epoch is not None:
        record["epoch"] = epoch
    return record


def image_record(
    filename: str,
    folder: str | None,
    detections: Sequence[Detection],
    *,
    anonymised: Sequence[bool],
    colours: Sequence[Colour | None],
    width: int,
    height: int,
    duration: float,
    segmentation: bool = False,
) -> Record:
    """The record of a still image; ``folder`` is relative to the input root in POSIX form, None at the root.

    The other arguments are those of ``frame_record``.
    """
    record = _record(filename, detections, anonymised, colours, width, height, duration, segmentation)
    record["filename"] = filename
    record["folder"] = folder
    return record


def seconds(pts: int, time_base: Fraction) -> float:
    """``pts * time_base`` as a float, to 9 decimals unless a tick is shorter: frames of different ticks stay apart."""
    exact = float(pts * time_base)
    return exact if time_base < _NANOSECOND else round(exact, 9)


def _record(
    picture: int | str,
    detections: Sequence[Detection],
    anonymised: Sequence[bool],
    colours: Sequence[Colour | None],
    width: int,
    height: int,
    duration: float,
    segmentation: bool,
) -> Record:
    records: list[Record] = []
    for detection, is_anonymised, colour in zip(detections, anonymised, colours, strict=True):
        if not _touches(detection, width, height):
            continue
        record = _detection_record(len(records), picture, detection, is_anonymised, colour, width, height)
        if segmentation:
            record["segmentation"] = _segmentation(detection, record["bbox"], width, height)
        records.append(record)
    return {
        "id": picture,
        "detections": records,
        "size": [height, width],
        "duration": round(duration, 6),
        "width": width,
        "height": height,
    }


def _detection_record(
    number: int,
    picture: int | str,
    detection: Detection,
    anonymised: bool,
    colour: Colour | None,
    width: int,
    height: int,
) -> Record:
    x1, y1, x2, y2 = detection.box
    box = [max(int(x1), 0), max(int(y1), 0), min(int(x2), width), min(int(y2), height)]
    offset = box[:2]
    if detection.mask is not None:
        left, top = detection.corner
        offset = [max(int(left), 0), max(int(top), 0)]
    record: Record = {
        "id": number,
        "parent_image": picture,
        "offset": offset,
        "bbox": box,
        "type": detection.object_type.code,
        "score": round(float(detection.score), 4),
        "is_anonymised": bool(anonymised),
        "type_label": detection.object_type.value,
        "color": None if colour is None else [int(value) for value in colour],
    }
    if detection.track_id is not None:
        record["track_id"] = int(detection.track_id)
    return record


def _touches(detection: Detection, width: int, height: int) -> bool:
    x1, y1, x2, y2 = detection.box
    return x1 < width and y1 < height and x2 > 0 and y2 > 0


def _segmentation(detection: Detection, box: Sequence[int], width: int, height: int) -> dict[str, Any]:
    if detection.mask is not None:
        return dict(rle.encode(detection.mask, height, width, detection.corner))
    x1, y1, x2, y2 = box
    return dict(rle.encode(np.full((y2 - y1, x2 - x1), 255, np.uint8), height, width, (x1, y1)))
