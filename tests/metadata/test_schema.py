import builtins
import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import streamproc
from streamproc.detect.detection import Detection
from streamproc.errors import MissingExtraError
from streamproc.masks.objects import ObjectType
from streamproc.metadata import schema as schema_module
from streamproc.metadata.accumulator import ChunkMetadata, image_to_bytes
from streamproc.metadata.records import frame_record, image_record
from streamproc.metadata.schema import key_path, schema, schema_problems

SHIPPED = Path(streamproc.__file__).parent / "metadata" / "frame.schema.json"
FOUND = [
    Detection(object_type, (3, 4, 20, 25), 0.8234567, track_id=7 if i else None)
    for i, object_type in enumerate(ObjectType)
]
COMMON: dict[str, Any] = {
    "anonymised": [True] * 4,
    "colours": [(0, 85, 128), None, (0, 1, 64), (0, 2, 255)],
    "width": 320,
    "height": 178,
    "duration": 0.35,
}


def frame(ordinal: int = 0, **more: Any) -> dict[str, Any]:
    return frame_record(ordinal, FOUND, pts=512 * ordinal, time_base=Fraction(1, 12800), **COMMON, **more)


def photo(**more: Any) -> dict[str, Any]:
    return image_record("photo.jpg", "a/b", FOUND, **COMMON, **more)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema() == json.loads(SHIPPED.read_text(encoding="utf-8"))


@pytest.mark.parametrize("segmentation", [True, False])
def test_what_we_write_obeys_it(segmentation: bool) -> None:
    chunk = ChunkMetadata(0)
    for ordinal in range(3):
        chunk.add(frame(ordinal, segmentation=segmentation, captured_at="2024-05-01T10:00:00.250Z", epoch=0))
    image = photo(segmentation=segmentation)
    for data in (chunk.to_bytes(), image_to_bytes(image)):
        jsonschema.validate(json.loads(data), dict(schema()), cls=jsonschema.Draft202012Validator)
    assert list(schema_problems(frame(segmentation=segmentation), image=False)) == []
    assert list(schema_problems(image, image=True)) == []


@pytest.mark.parametrize("key", list(frame()))
def test_every_key_of_a_frame_is_needed(key: str) -> None:
    record = frame()
    del record[key]
    assert list(schema_problems(record, image=False)) == [("", f"{key!r} is a required property")]


@pytest.mark.parametrize("key", [key for key in frame()["detections"][0] if key != "track_id"])
def test_every_key_of_a_detection_is_needed(key: str) -> None:
    record = frame()
    del record["detections"][1][key]
    assert list(schema_problems(record, image=False)) == [("detections[1]", f"{key!r} is a required property")]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"bbox": [0, 0, 1.5, 2]}, "detections[0].bbox[2]"),
        ({"bbox": [0, 0, 1]}, "detections[0].bbox"),
        ({"color": [1, 2, 32]}, "detections[0].color"),
        ({"score": 1.5}, "detections[0].score"),
        ({"type_label": "dog"}, "detections[0].type_label"),
        ({"parent_image": "photo.jpg"}, "detections[0].parent_image"),
        ({"offset": [-1, 0]}, "detections[0].offset[0]"),
    ],
)
def test_wrong_values_are_named_with_their_key(change: dict[str, Any], key: str) -> None:
    record = frame()
    record["detections"][0] |= change
    assert [found for found, _ in schema_problems(record, image=False)] == [key]


def test_unknown_keys_are_allowed() -> None:
    assert list(schema_problems(frame() | {"gps": [1, 2]}, image=False)) == []


def test_keys_are_shown_as_people_write_them() -> None:
    assert key_path(["detections", 3, "bbox", 0]) == "detections[3].bbox[0]"
    assert key_path([]) == ""


def test_without_jsonschema_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "jsonschema":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    schema_module._validator.cache_clear()
    with pytest.raises(MissingExtraError, match=r"pip install 'streamproc\[validate\]'"):
        list(schema_problems(frame(), image=False))


def test_the_documentation_explains_every_key_and_shows_the_schema() -> None:
    text = (SHIPPED.parents[2] / "docs" / "metadata.md").read_text(encoding="utf-8")
    assert "streamproc/metadata/frame.schema.json" in text
    explained = set(re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE))
    for kind in ("frame", "image", "detection"):
        assert set(schema()["$defs"][kind]["properties"]) <= explained
