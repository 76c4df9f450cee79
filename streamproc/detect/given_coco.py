"""Reads detections from COCO JSON (https://cocodataset.org/#format-data): images, annotations, categories.

Which frame an image entry stands for: the key ``frame_id``, ``frame_index`` or ``frame`` (from 0) where every image has
it; else the last number in its file name; else its id. Names and ids may count from 0 or from 1, and tell which only
when they run without a gap: so they have to, and then they list every frame.
"""

from __future__ import annotations

import logging
import math
import re
from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from streamproc.detect.class_names import object_type_named
from streamproc.detect.given import Frames, GivenObject, GivenTable, Picture, check_segmentation, fail, picture_size
from streamproc.errors import DetectionsFileError
from streamproc.metadata.jsonfile import shown
from streamproc.metadata.values import is_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from streamproc.masks.objects import ObjectType

_log = logging.getLogger(__name__)

_FRAME_KEYS = ("frame_id", "frame_index", "frame")
_TRACK_KEYS = ("track_id", "instance_id")

Entry = dict[str, Any]


def read_coco(path: Path, data: Mapping[str, Any]) -> GivenTable:
    """The table of the COCO file ``path``, whose content is ``data``. Raises DetectionsFileError.

    Categories that are none of ours are left out, with a count in the log; a file without any of ours is an error.
    """
    images = _entries(path, data, "images")
    types, names = _categories(path, data)
    pictures: dict[object, Picture] = {}
    for image in images:
        place = f"image {shown(image.get('id'))}"
        if not isinstance(image.get("id"), int | str) or image["id"] in pictures:
            fail(path, place, "id: expected a number or text that no other image has")
        pictures[image["id"]] = Picture(place, picture_size(image))
    foreign: Counter[str] = Counter()
    for index, annotation in enumerate(_entries(path, data, "annotations")):
        place = f"annotation {shown(annotation.get('id', f'at index {index}'))}"
        picture, category = pictures.get(annotation.get("image_id")), annotation.get("category_id")
        if picture is None:
            fail(path, place, f"image_id: {shown(annotation.get('image_id'))} is the id of no image")
        if not isinstance(category, int | str) or category not in names:
            fail(path, place, f"category_id: {shown(category)} is the id of no category")
        object_type = types.get(category)
        if object_type is None:
            foreign[names[category]] += 1
        else:
            picture.objects.append(_object(path, place, annotation, object_type))
    if foreign:
        listed = ", ".join(f"{name} ({count})" for name, count in sorted(foreign.items()))
        _log.warning("%s: categories that are none of our object types are left out: %s", path, listed)
    return GivenTable(path, _by_frame(path, images, pictures), _by_name(images, pictures))


def _entries(path: Path, data: Mapping[str, Any], key: str) -> list[Entry]:
    value = data.get(key)
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise DetectionsFileError(f"{path}: {key}: a COCO file needs an array of objects here")
    return value


def _categories(path: Path, data: Mapping[str, Any]) -> tuple[dict[int | str, ObjectType | None], dict[int | str, str]]:
    names: dict[int | str, str] = {}
    for index, category in enumerate(_entries(path, data, "categories")):
        number, name = category.get("id"), category.get("name")
        if not isinstance(number, int | str) or not isinstance(name, str):
            fail(path, f"categories[{index}]", "expected an id and a name")
        names[number] = name
    types = {number: object_type_named(name) for number, name in names.items()}
    if not any(types.values()):
        seen = ", ".join(names.values()) or "none at all"
        raise DetectionsFileError(
            f"{path}: categories: none is a person, face, license plate or vehicle; seen: {seen}; rename those that are"
        )
    return types, names


def _object(path: Path, place: str, annotation: Entry, object_type: ObjectType) -> GivenObject:
    segmentation = check_segmentation(annotation.get("segmentation"), path, place)
    box = annotation.get("bbox")
    if box is None and segmentation is None:
        fail(path, place, "bbox: expected [x, y, width, height], or a segmentation")
    score = annotation.get("score", 1.0)
    if not is_number(score) or not 0 <= score <= 1:
        fail(path, place, f"score: expected a number from 0 to 1, found {shown(score)}")
    return GivenObject(
        object_type,
        None if box is None else _box(path, place, box),
        float(score),
        _track(annotation),
        segmentation,
        place,
    )


def _box(path: Path, place: str, value: object) -> tuple[int, int, int, int]:
    """[x, y, width, height] rounded outwards: half a pixel of a face is a part of a face."""
    if not isinstance(value, list) or len(value) != 4 or not all(map(is_number, value)) or min(value[2:]) < 0:
        fail(path, place, f"bbox: expected [x, y, width, height], found {shown(value)}")
    x, y, width, height = value
    x1, y1 = math.floor(x), math.floor(y)
    return x1, y1, max(math.ceil(x + width), x1 + 1), max(math.ceil(y + height), y1 + 1)


def _track(annotation: Entry) -> int | None:
    """The track's number: a key of COCO-style tracking sets, or CVAT's attribute."""
    attributes = annotation.get("attributes")
    for holder in (annotation, attributes if isinstance(attributes, dict) else {}):
        for key in _TRACK_KEYS:
            value = holder.get(key)
            if isinstance(value, int) and not isinstance(value, bool):
                return value
    return None


def _by_name(images: Sequence[Entry], pictures: Mapping[object, Picture]) -> dict[str, Picture]:
    named = ((image.get("file_name"), pictures[image["id"]]) for image in images)
    return {name.replace("\\", "/"): picture for name, picture in named if isinstance(name, str)}


def _by_frame(path: Path, images: Sequence[Entry], pictures: Mapping[object, Picture]) -> Frames:
    for key in _FRAME_KEYS:
        numbers = [image.get(key) for image in images]
        if images and all(_is_ordinal(number) for number in numbers):
            return _numbered(path, images, pictures, numbers, complete=False)
    numbers = [_last_number(image.get("file_name")) for image in images]
    if None in numbers or len(set(numbers)) < len(numbers):
        numbers = [image["id"] for image in images]
    first = min((number for number in numbers if isinstance(number, int)), default=-1)
    if first not in (0, 1) or set(numbers) != set(range(first, first + len(numbers))):
        return Frames(
            {},
            True,
            f"{path}: images: cannot tell which frame each is of: neither the numbers in file_name nor the ids run "
            'from 0 or 1 without a gap; give every image its "frame_id", counted from 0',
        )
    return _numbered(
        path, images, pictures, [number - first for number in numbers if number is not None], complete=True
    )


def _numbered(
    path: Path, images: Sequence[Entry], pictures: Mapping[object, Picture], numbers: Sequence[Any], *, complete: bool
) -> Frames:
    frames: dict[int, Picture] = {}
    for image, number in zip(images, numbers, strict=True):
        picture = pictures[image["id"]]
        if number in frames:
            return Frames(
                {}, complete, f"{path}: {picture.place} and {frames[number].place} are both of frame {number}"
            )
        frames[number] = picture
    return Frames(frames, complete)


def _last_number(name: object) -> int | None:
    numbers = re.findall(r"[0-9]+", PurePosixPath(name).stem) if isinstance(name, str) else []
    return int(numbers[-1]) if numbers else None


def _is_ordinal(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
