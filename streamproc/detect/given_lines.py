"""Reads detections from JSON lines: one JSON object a line, for one detection or for one frame.

    {"frame": 0, "bbox": [10, 20, 50, 60], "type": "face", "score": 0.9, "track_id": 3}
    {"id": 0, "width": 1920, "height": 1080, "detections": [{"bbox": [10, 20, 50, 60], "type": "face"}]}
    {"filename": "photo.jpg", "bbox": [10, 20, 50, 60], "type": "license-plate"}

Frames count from 0. A file with a line of the second kind has to have a line for every frame; one of single detections
may leave frames out. See docs/detections.md.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from streamproc.detect.class_names import object_type_named
from streamproc.detect.given import Frames, GivenObject, GivenTable, Picture, check_segmentation, fail, picture_size
from streamproc.errors import DetectionsFileError, FormatError
from streamproc.masks.objects import ObjectType
from streamproc.metadata.jsonfile import shown
from streamproc.metadata.parse import parse_box, parse_score
from streamproc.metadata.values import At, optional_integer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CODES = {object_type.code: object_type for object_type in ObjectType}


def read_lines(path: Path) -> GivenTable:
    """The table of a file of JSON lines. Raises DetectionsFileError: which line, which key."""
    frames: dict[int, Picture] = {}
    by_name: dict[str, Picture] = {}
    complete = False
    for number, line in _lines(path):
        place = f"line {number}"
        frame, name = line.get("frame"), line.get("filename")
        if "detections" in line:
            frame, complete = frame if "frame" in line else line.get("id"), complete or name is None
            name = frame if isinstance(frame, str) else name
        if isinstance(name, str) and name:
            picture = by_name.setdefault(name.replace("\\", "/"), Picture(place))
        elif isinstance(frame, int) and not isinstance(frame, bool) and frame >= 0:
            picture = frames.setdefault(frame, Picture(place))
        else:
            fail(path, place, f"expected frame, an ordinal from 0, or filename of an image; found {shown(line)}")
        picture.size = _size(path, place, line, picture)
        if "detections" not in line:
            picture.objects.append(_object(path, place, line))
        elif isinstance(line["detections"], list):
            for index, one in enumerate(line["detections"]):
                picture.objects.append(_object(path, f"{place}, detections[{index}]", one))
        else:
            fail(path, place, f"detections: expected an array, found {shown(line['detections'])}")
    return GivenTable(path, Frames(frames, complete), by_name)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    value = json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise DetectionsFileError(f"{path}: line {number}: is not valid JSON: {error}") from error
                if not isinstance(value, dict):
                    fail(path, f"line {number}", f"expected a JSON object, found {shown(value)}")
                yield number, value
    except OSError as error:
        raise DetectionsFileError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DetectionsFileError(f"{path}: is not UTF-8 text: {error.reason}") from error


def _size(path: Path, place: str, line: dict[str, Any], picture: Picture) -> tuple[int, int] | None:
    size = picture_size(line)
    if size is not None and picture.size is not None and size != picture.size:
        fail(
            path, place, f"width, height: {size} differ from those of an earlier line for this picture, {picture.size}"
        )
    return size or picture.size


def _object(path: Path, place: str, value: object) -> GivenObject:
    if not isinstance(value, dict):
        fail(path, place, f"expected a JSON object, found {shown(value)}")
    at = At(path, key=place)
    try:
        segmentation = check_segmentation(value.get("segmentation"), path, place)
        box = value.get("bbox")
        if box is None and segmentation is None:
            fail(path, place, "bbox: expected [x1, y1, x2, y2], or a segmentation")
        return GivenObject(
            object_type=_type(path, place, value),
            box=None if box is None else parse_box(box, at.of("bbox")),
            score=parse_score(value, at),
            track_id=optional_integer(value, "track_id", at),
            segmentation=segmentation,
            place=place,
        )
    except FormatError as error:
        raise DetectionsFileError(str(error)) from error


def _type(path: Path, place: str, value: dict[str, Any]) -> ObjectType:
    given = value.get("type_label", value.get("type"))
    found = (
        _CODES.get(given) if isinstance(given, int) else object_type_named(given) if isinstance(given, str) else None
    )
    if found is None:
        fail(path, place, f"type: expected {', '.join(ObjectType)}, or their codes; found {shown(given)}")
    return found
