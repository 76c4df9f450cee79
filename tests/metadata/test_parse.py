from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamproc.detect.detection import Detection
from streamproc.errors import FormatError
from streamproc.masks.objects import ObjectType
from streamproc.metadata.parse import parse_record, width_first
from streamproc.metadata.records import frame_record

PATH = Path("out/clip-0-0.json")
FACE = {"bbox": [3, 4, 201, 171], "type_label": "face", "type": 103, "score": 0.82}
FRAME: dict[str, Any] = {"id": 12, "detections": [FACE], "size": [178, 320]}


@st.composite
def detections(draw: st.DrawFn) -> Detection:
    """A detection that lies in a picture of 40 x 30 pixels, with or without a mask that may leave the picture."""
    x, y = draw(st.integers(0, 39)), draw(st.integers(0, 29))
    box = (x, y, draw(st.integers(x + 1, 40)), draw(st.integers(y + 1, 30)))
    mask, offset = None, None
    if draw(st.booleans()):
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        offset = (draw(st.integers(-5, x)), draw(st.integers(-5, y)))
        mask = (rng.random((draw(st.integers(1, 40)), draw(st.integers(1, 40)))) < 0.5).astype(np.uint8) * 255
    score = draw(st.integers(0, 10_000)) / 10_000
    track = draw(st.none() | st.integers(0, 10**6))
    return Detection(draw(st.sampled_from(ObjectType)), box, score, mask, offset, track)


def painted(detection: Detection) -> np.ndarray:
    canvas = np.zeros((100, 100), np.uint8)
    (x, y), mask = detection.corner, detection.mask
    if mask is not None and mask.any():
        canvas[20 + y : 20 + y + mask.shape[0], 20 + x : 20 + x + mask.shape[1]] = mask
    inside = canvas[20:50, 20:60]
    if not inside.any():  # no pixel in the picture: the whole box is covered
        x1, y1, x2, y2 = detection.box
        inside[y1:y2, x1:x2] = 255
    return inside


@settings(deadline=None, max_examples=80)
@given(st.lists(detections(), max_size=4), st.data())
def test_records_are_read_back_as_they_were_written(found: list[Detection], data: st.DataObject) -> None:
    flags = data.draw(st.lists(st.booleans(), min_size=len(found), max_size=len(found)))
    colour = st.none() | st.tuples(st.just(0), st.integers(1, 255), st.sampled_from([16, 32, 64, 128]))
    colours = data.draw(st.lists(colour, min_size=len(found), max_size=len(found)))
    pts, time_base = data.draw(st.integers(-5, 10**9)), Fraction(data.draw(st.integers(1, 1001)), 90_000)
    record = frame_record(
        7, found, anonymised=flags, colours=colours, width=40, height=30, duration=0.25, pts=pts, time_base=time_base,
        segmentation=True,
    )  # fmt: skip
    read = parse_record(record, PATH)
    assert (read.id, read.width, read.height, read.pts, read.time_base) == (7, 40, 30, pts, time_base)
    assert (read.duration, read.time, read.size_assumed, read.extra) == (0.25, record["time"], False, {})
    assert (read.anonymised, read.colours) == (tuple(flags), tuple(colours))
    for one, original in zip(read.detections, found, strict=True):
        for name in ("object_type", "box", "score", "track_id"):
            assert getattr(one, name) == getattr(original, name)
        assert np.array_equal(painted(one), painted(original))
        assert one.corner[0] <= one.box[0]
        assert one.corner[1] <= one.box[1]


def test_an_older_record_lacks_the_newer_keys() -> None:
    read = parse_record(FRAME | {"is_new": [1]}, PATH)
    assert (read.width, read.height, read.pts, read.time_base, read.time) == (320, 178, None, None, None)
    assert (read.anonymised, read.colours) == ((True,), (None,))
    assert read.detections[0].mask is None
    assert read.extra == {"is_new": [1]}


@pytest.mark.parametrize("key", ["is_anonymised", "is_anonymized"])
def test_both_spellings_of_anonymised_are_read(key: str) -> None:
    assert parse_record(FRAME | {"detections": [FACE | {key: False}]}, PATH).anonymised == (False,)


def test_the_label_goes_before_the_code_which_serves_without_one() -> None:
    both = FRAME | {"detections": [FACE | {"type": 102}]}
    code = FRAME | {"detections": [{"bbox": [0, 0, 1, 1], "type": 101}]}
    assert parse_record(both, PATH).detections[0].object_type is ObjectType.FACE
    assert parse_record(code, PATH).detections[0].object_type is ObjectType.LICENSE_PLATE


@pytest.mark.parametrize(
    ("record", "told", "size", "assumed"),
    [
        (FRAME, None, (320, 178), False),
        (FRAME | {"size": [320, 178]}, None, (320, 178), False),
        (FRAME | {"detections": []}, None, (320, 178), True),
        (FRAME | {"detections": []}, False, (320, 178), False),
        (FRAME | {"size": [320, 178], "detections": []}, True, (320, 178), False),
        (FRAME | {"size": [320, 178], "width": 320, "height": 178}, False, (320, 178), False),
        (FRAME | {"size": [50, 50], "detections": []}, None, (50, 50), False),
    ],
)
def test_either_order_of_size_is_understood(
    record: dict[str, Any], told: bool | None, size: tuple[int, int], assumed: bool
) -> None:
    read = parse_record(record, PATH, size_width_first=told)
    assert ((read.width, read.height), read.size_assumed) == (size, assumed)


def test_a_segmentation_tells_the_order_of_size() -> None:
    small = {"bbox": [0, 0, 1, 1], "type": 101, "segmentation": {"size": [178, 320], "counts": ""}}
    assert width_first(FRAME | {"detections": [small]}) is False
    assert width_first(FRAME | {"detections": [small], "size": [320, 178]}) is True


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": -1}, "id: expected a frame's ordinal from 0, or an image's file name, found -1"),
        ({"id": True}, "id: expected a frame's ordinal from 0, or an image's file name, found true"),
        ({"detections": None}, "detections: expected an array, found null"),
        ({"detections": [FACE, 3]}, "detections[1]: expected an object, found 3"),
        ({"detections": [FACE | {"bbox": [1, 2, 3]}]}, "detections[0].bbox: expected [x1, y1, x2, y2], four numbers"),
        ({"detections": [FACE | {"bbox": [1, 2, 1, 3]}]}, "bbox: expected [x1, y1, x2, y2] with x2 > x1"),
        ({"detections": [FACE | {"score": 1.5}]}, "detections[0].score: expected a number from 0 to 1, found 1.5"),
        ({"detections": [FACE | {"type_label": "dog"}]}, "type_label: expected one of person, face, license-plate"),
        ({"detections": [{"bbox": [0, 0, 1, 1]}]}, "type: expected one of 101, 102, 103, 104, found null"),
        ({"detections": [FACE | {"is_anonymised": 1}]}, "is_anonymised: expected true or false, found 1"),
        ({"detections": [FACE | {"color": [0, 1, 256]}]}, "detections[0].color: expected [R, G, B]"),
        ({"detections": [FACE | {"track_id": "a"}]}, 'detections[0].track_id: expected an integer, found "a"'),
        ({"detections": [FACE | {"segmentation": {"size": [2, 2], "counts": "4"}}]}, "RLE with size [178, 320]"),
        ({"detections": [FACE | {"segmentation": {"size": [178, 320], "counts": "4"}}]}, "[0].segmentation: RLE of"),
        ({"size": None}, "size: expected [height, width], two positive integers, found null"),
        ({"width": 320}, "height: expected a positive integer, found null"),
        ({"time_base": [1, 0]}, "time_base: expected [numerator, denominator], two positive integers, found [1, 0]"),
        ({"pts": 1.5}, "pts: expected an integer, found 1.5"),
        ({"time": "0"}, 'time: expected a number, found "0"'),
        ({"folder": 3}, "folder: expected text, found 3"),
    ],
)
def test_errors_name_file_frame_key_expected_and_found(change: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_record(FRAME | change, PATH)
    assert str(caught.value).startswith(f"{PATH}: frame ")
    assert message in str(caught.value)
