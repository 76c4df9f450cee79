from __future__ import annotations

import sys

import pytest
from PIL import ImageDraw, ImageFont

from streamproc.detect.default import DefaultDetector
from streamproc.detect.detector import DetectorSettings
from streamproc.errors import MissingExtraError
from streamproc.masks.objects import ALL_TYPES, ObjectType
from tests.detect.pictures import FACE, PLATE, covered, frame_of, picture, real

FACES, PERSONS = frozenset({ObjectType.FACE}), frozenset({ObjectType.PERSON})
PLATES, VEHICLES = frozenset({ObjectType.LICENSE_PLATE}), frozenset({ObjectType.VEHICLE})


def make(types: frozenset[ObjectType] = ALL_TYPES, threads: int = 1, **thresholds: float) -> DefaultDetector:
    given = {ObjectType(kind.replace("_", "-")): value for kind, value in thresholds.items()}
    return DefaultDetector(DetectorSettings(types=types, thresholds=given, threads=threads))


def test_finds_all_four_types() -> None:
    frames = [real("street.jpg"), real("people.jpg"), real("pickup.jpg")]
    street, people, pickup = make(threads=2).detect(frames)
    assert sum(one.object_type is ObjectType.PERSON for one in street) >= 7
    assert sum(one.object_type is ObjectType.VEHICLE for one in street) == 2
    [face] = [one for one in people if one.object_type is ObjectType.FACE]
    assert covered(face.box, FACE) > 0.9
    assert sum(one.object_type is ObjectType.PERSON for one in people) == 2
    [plate] = [one for one in pickup if one.object_type is ObjectType.LICENSE_PLATE]
    assert covered(PLATE, plate.box) > 0.85
    assert plate.mask is None


def test_the_mask_of_a_face_is_larger_than_its_box() -> None:
    [face] = make(FACES).detect([real("people.jpg")])[0]
    assert face.mask is not None
    x, y = face.corner
    left, top, right, bottom = (v - c for v, c in zip(face.box, (x, y, x, y), strict=True))
    assert left > 0
    assert top > 0
    assert (face.mask[top:bottom, left:right] == 255).all()


@pytest.mark.parametrize("types", [FACES, PERSONS, PLATES, VEHICLES, FACES | VEHICLES])
def test_finds_and_loads_the_wanted_types_only(types: frozenset[ObjectType], monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    from streamproc.detect import onnx_session

    init = onnx_session.Session.__init__
    monkeypatch.setattr(
        onnx_session.Session,
        "__init__",
        lambda self, path, outputs: loaded.append(path.name[:4]) or init(self, path, outputs),
    )
    found = make(types).detect([real("street.jpg"), real("pickup.jpg")])
    assert {one.object_type for detections in found for one in detections} == types
    needed = {FACES: {"face"}, PERSONS: {"det_", "seg_"}, PLATES: {"det_", "plat"}, VEHICLES: {"det_"}}
    assert set(loaded) == needed.get(types, {"face", "det_"})
    assert len(loaded) == len(set(loaded))


def test_thresholds_of_the_user() -> None:
    frame = real("street.jpg")
    for kind in (ObjectType.PERSON, ObjectType.FACE, ObjectType.VEHICLE):
        few = make(frozenset({kind}), **{kind.value: 0.7}).detect([frame])[0]
        many = make(frozenset({kind}), **{kind.value: 0.2}).detect([frame])[0]
        assert len(few) < len(many), kind
        assert all(one.score >= 0.7 for one in few)
        assert all(one.score >= 0.2 for one in many)
        assert any(one.score < 0.4 for one in many), kind


def test_a_threshold_for_vehicles_does_not_uncover_plates() -> None:
    found = make(license_plate=0.4, vehicle=0.99).detect([real("pickup.jpg")])[0]
    assert [one.object_type for one in found] == [ObjectType.LICENSE_PLATE]
    assert make(PLATES, license_plate=0.995).detect([real("pickup.jpg")])[0] == []


def test_letters_on_a_shop_sign_are_no_plate() -> None:
    image = picture("street.jpg")
    draw = ImageDraw.Draw(image)
    for y, text, size in ((350, "BAKERY 24", 60), (450, "AC 966 SD", 24), (500, "open till 8", 16)):
        draw.rectangle((100, y, 460, y + size + 8), fill="white")
        draw.text((110, y), text, font=ImageFont.load_default(size=size), fill="black")
    assert make(PLATES).detect([frame_of(image)])[0] == []


def test_results_do_not_depend_on_threads() -> None:
    frames = [real("street.jpg"), real("people.jpg")]
    one, three = make().detect(frames), make(threads=3).detect(frames)
    for a, b in zip(one, three, strict=True):
        assert [(x.object_type, x.box, x.score) for x in a] == [(x.object_type, x.box, x.score) for x in b]
    assert make(threads=3).batch_size == 3


def test_fingerprint_changes_with_what_changes_the_results() -> None:
    digests = [make(), make(FACES), make(PERSONS), make(VEHICLES), make(face=0.5), make(person=0.5)]
    assert len({detector.fingerprint for detector in digests}) == len(digests)
    assert make(threads=4).fingerprint == make().fingerprint
    assert make(face=0.6).fingerprint == make().fingerprint
    # Faces do not change when the threshold of another type does.
    assert make(FACES, person=0.9).fingerprint == make(FACES).fingerprint


def test_without_onnxruntime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'streamproc\[onnx\]'"):
        make()
    with pytest.raises(MissingExtraError):
        DefaultDetector.check()


@pytest.mark.parametrize("layout", ["yuv420p", "yuv444p", "gbrp", "gray", "yuv420p10le", "yuv422p"])
def test_any_layout(layout: str) -> None:
    found = make().detect([frame_of(picture("people.jpg"), layout)])[0]
    assert sum(one.object_type is ObjectType.FACE for one in found) == 1
    assert sum(one.object_type is ObjectType.PERSON for one in found) >= 2


def test_a_threshold_of_zero_ends() -> None:
    found = make(FACES, face=0.0).detect([real("people.jpg")])[0]
    assert 100 < len(found) <= 1000
