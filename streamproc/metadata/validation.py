"""Checks metadata files by themselves: schema, agreement of a record's parts, and the tiling of frames by files."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from streamproc.errors import FormatError
from streamproc.masks.objects import ObjectType
from streamproc.metadata import jsonfile
from streamproc.metadata.accumulator import parse_chunk_file_name
from streamproc.metadata.records import seconds
from streamproc.metadata.schema import schema_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from streamproc.metadata.records import Record

_CODES_OF_A_TYPE = 255


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in ``file``: in which frame (its ordinal, or an image's name) and under which key, if any."""

    file: Path
    frame: int | str | None
    key: str | None
    message: str

    def __str__(self) -> str:
        """One line: file, frame, key, message."""
        frame = None if self.frame is None else f"frame {self.frame}" if isinstance(self.frame, int) else None
        return ": ".join(part for part in (str(self.file), frame, self.key, self.message) if part)


def check_image(path: Path) -> Iterator[Problem]:
    """All that is wrong with a still image's metadata file."""
    try:
        records = list(jsonfile.objects(path))
    except FormatError as error:
        yield _unreadable(path, error)
        return
    if len(records) != 1:
        yield Problem(path, None, None, f"expected one object for one image, found {len(records)}")
    for record in records:
        yield from _check_record(record, path, image=True)
        name = record.get("id")
        if isinstance(name, str) and record.get("filename") != name:
            yield Problem(path, name, "filename", f"{record.get('filename')!r} is not the id, {name!r}")


def check_series(files: Sequence[Path], *, live: bool = False) -> Iterator[Problem]:
    """All that is wrong with the metadata files of one video, in order of their first frames.

    The files of a live source may begin after frame 0, because older ones are cleared away, and their times may start
    anew with each ``epoch``.
    """
    expected: int | None = None if live else 0
    previous: Record | None = None
    for path in files:
        chunk = parse_chunk_file_name(path.name)
        if chunk is None:
            yield Problem(path, None, None, "the file's name is not NAME-FIRST-LAST.json")
            continue
        if expected is not None and chunk.first != expected:
            yield Problem(path, None, None, _seam(chunk.first, expected))
        ordinal = chunk.first
        try:
            for record in jsonfile.objects(path):
                yield from _check_record(record, path, image=False)
                yield from _check_place(record, path, ordinal, previous)
                previous = record
                ordinal += 1
        except FormatError as error:
            yield _unreadable(path, error)
            previous = None
        else:
            if ordinal != chunk.last + 1:
                found = f"{ordinal - chunk.first} frames"
                yield Problem(path, None, None, f"the name says frames {chunk.first} to {chunk.last}, found {found}")
        expected = chunk.last + 1


def _seam(first: int, expected: int) -> str:
    if first > expected:
        missing = f"frame {expected} is" if first == expected + 1 else f"frames {expected} to {first - 1} are"
        return f"{missing} missing before this file"
    return f"begins with frame {first}, but the files before it go up to frame {expected - 1}"


def _unreadable(path: Path, error: FormatError) -> Problem:
    return Problem(path, None, None, str(error).removeprefix(f"{path}: "))


def _check_place(record: Record, path: Path, ordinal: int, previous: Record | None) -> Iterator[Problem]:
    found = record.get("id")
    if found != ordinal:
        yield Problem(path, ordinal, "id", f"expected {ordinal}, the next frame, found {jsonfile.shown(found)}")
    if previous is None or previous.get("epoch") != record.get("epoch"):
        return
    time, before = exact_time(record), exact_time(previous)
    if time is not None and before is not None and time <= before:
        yield Problem(
            path, ordinal, "pts", f"is not later than the frame before it ({record['pts']}, {previous['pts']})"
        )
    for key in ("width", "height"):
        if record.get(key) != previous.get(key):
            yield Problem(path, ordinal, key, f"is {record.get(key)}, and {previous.get(key)} in the frame before it")


def exact_time(record: Mapping[str, Any]) -> Fraction | None:
    """The record's time in seconds, exact; None where it has none or a wrong one."""
    pts, time_base = record.get("pts"), record.get("time_base")
    if not _is_integer(pts) or not isinstance(time_base, list) or len(time_base) != 2:
        return None
    if not all(_is_integer(part) and part > 0 for part in time_base):
        return None
    return Fraction(pts * time_base[0], time_base[1])


def _check_record(record: Record, path: Path, *, image: bool) -> Iterator[Problem]:
    frame = record.get("id")
    name = frame if isinstance(frame, int | str) else None
    broken = False
    for key, message in schema_problems(record, image=image):
        broken = True
        yield Problem(path, name, key or None, message)
    if not broken:  # then every key is there and of its kind
        for key, message in _disagreements(record):
            yield Problem(path, name, key, message)


def _disagreements(record: Record) -> Iterator[tuple[str, str]]:
    width, height = record["width"], record["height"]
    if record["size"] != [height, width]:
        yield "size", f"expected [height, width], [{height}, {width}], found {record['size']}"
    if "time" in record:
        exact = exact_time(record)
        if exact is not None and abs(record["time"] - float(exact)) > 1e-6:
            expected = seconds(record["pts"], Fraction(*record["time_base"]))
            yield "time", f"expected pts * time_base, {expected}, found {record['time']}"
    colours: dict[str, dict[tuple[int, ...], int]] = {}
    counts: dict[str, int] = {}
    for index, detection in enumerate(record["detections"]):
        at = f"detections[{index}]"
        if detection["id"] != index:
            yield f"{at}.id", f"expected {index}, found {detection['id']}"
        if detection["parent_image"] != record["id"]:
            yield f"{at}.parent_image", f"is {detection['parent_image']!r}, not the frame's id {record['id']!r}"
        for key, message in _detection_disagreements(detection, width, height):
            yield f"{at}.{key}", message
        label = detection["type_label"]
        counts[label] = counts.get(label, 0) + 1
        if detection["color"] is not None:
            first = colours.setdefault(label, {}).setdefault(tuple(detection["color"]), index)
            if first != index and counts[label] <= _CODES_OF_A_TYPE:
                yield f"{at}.color", f"{detection['color']} is the colour of detections[{first}] too"


def _detection_disagreements(detection: Record, width: int, height: int) -> Iterator[tuple[str, str]]:
    object_type = ObjectType(detection["type_label"])
    if detection["type"] != object_type.code:
        yield "type", f"expected {object_type.code} for {object_type}, found {detection['type']}"
    x1, y1, x2, y2 = detection["bbox"]
    if x2 <= x1 or y2 <= y1:
        yield "bbox", f"{detection['bbox']} is empty"
    if x2 > width or y2 > height:
        yield "bbox", f"{detection['bbox']} leaves the picture of {width}x{height} pixels"
    x, y = detection["offset"]
    if x > x1 or y > y1:
        yield "offset", f"{detection['offset']} lies right of or below the box's corner, {[x1, y1]}"
    colour = detection["color"]
    if colour is not None and colour[2] not in (object_type.bit, object_type.legacy_blue):
        yield "color", f"blue of a {object_type} is {object_type.bit}, found {colour[2]}"
    segmentation = detection.get("segmentation")
    if segmentation is not None and segmentation["size"] != [height, width]:
        yield "segmentation.size", f"expected [{height}, {width}], found {segmentation['size']}"


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
