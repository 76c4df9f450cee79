from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from streamproc.detect.detection import Detection
from streamproc.masks.objects import ObjectType
from streamproc.metadata.records import frame_record, image_record, seconds


def record_of(*detections: Detection, width: int = 320, height: int = 178, segmentation: bool = False) -> dict:
    return frame_record(
        0,
        detections,
        anonymised=[True] * len(detections),
        colours=[(0, 85, 32)] * len(detections),
        width=width,
        height=height,
        duration=0.35,
        pts=0,
        time_base=Fraction(1, 12800),
        segmentation=segmentation,
    )


def test_the_record_of_a_frame_is_that_of_the_format_in_its_key_order() -> None:
    found = Detection(ObjectType.FACE, (3, 4, 201, 171), 0.82, track_id=7)
    expected = {
        "id": 0,
        "detections": [
            {
                "id": 0, "parent_image": 0, "offset": [3, 4], "bbox": [3, 4, 201, 171], "type": 103, "score": 0.82,
                "is_anonymised": True, "type_label": "face", "color": [0, 85, 32], "track_id": 7,
            }
        ],
        "size": [178, 320], "duration": 0.35, "width": 320, "height": 178, "pts": 0, "time_base": [1, 12800],
        "time": 0.0,
    }  # fmt: skip
    made = record_of(found)
    assert made == expected
    assert list(made) == list(expected)
    assert list(made["detections"][0]) == list(expected["detections"][0])


def test_an_image_has_its_name_as_id_and_name_and_folder_at_its_end() -> None:
    found = Detection(ObjectType.LICENSE_PLATE, (0, 0, 4, 4), 1.0)
    made = image_record("photo.jpg", None, [found], anonymised=[False], colours=[None], width=8, height=6, duration=0.1)
    assert list(made) == ["id", "detections", "size", "duration", "width", "height", "filename", "folder"]
    assert made["id"] == made["filename"] == made["detections"][0]["parent_image"] == "photo.jpg"
    assert made["folder"] is None
    assert made["detections"][0]["color"] is None
    assert made["detections"][0]["is_anonymised"] is False
    assert "track_id" not in made["detections"][0]


def test_live_frames_carry_capture_time_and_epoch_last() -> None:
    made = frame_record(
        0, [], anonymised=[], colours=[], width=8, height=6, duration=0, pts=0, time_base=Fraction(1, 90000),
        captured_at="2024-05-01T10:00:00.250Z", epoch=2,
    )  # fmt: skip
    assert list(made)[-2:] == ["captured_at", "epoch"]


def test_boxes_and_offsets_are_clipped_and_what_is_outside_is_left_out() -> None:
    mask = np.full((20, 30), 255, np.uint8)
    inside = Detection(ObjectType.FACE, (-5, -6, 400, 20), 0.5)
    masked = Detection(ObjectType.PERSON, (2, 3, 20, 20), 0.5, mask, (-4, 1))
    outside = [
        Detection(ObjectType.FACE, box, 0.5)
        for box in ((320, 0, 330, 10), (0, 178, 5, 180), (-9, 0, 0, 10), (0, -9, 10, 0))
    ]
    made = record_of(outside[0], inside, *outside[1:], masked)["detections"]
    assert [one["id"] for one in made] == [0, 1]
    assert (made[0]["bbox"], made[0]["offset"]) == ([0, 0, 320, 20], [0, 0])
    assert (made[1]["bbox"], made[1]["offset"]) == ([2, 3, 20, 20], [0, 1])


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools with numpy 2
@settings(deadline=None, max_examples=60)
@given(
    st.tuples(st.integers(-20, 45), st.integers(-20, 35), st.integers(1, 40), st.integers(1, 40)),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_pycocotools_rebuilds_the_mask_from_the_segmentation(
    box: tuple[int, int, int, int], seed: int, masked: bool
) -> None:
    height, width = 30, 40
    x, y, w, h = box
    mask = (np.random.default_rng(seed).random((h, w)) < 0.5).astype(np.uint8) * 255 if masked else None
    found = Detection(ObjectType.PERSON, (x, y, x + w, y + h), 0.5, mask, (x, y) if masked else None)
    expected = np.zeros((200, 200), np.uint8)
    expected[100 + y : 100 + y + h, 100 + x : 100 + x + w] = 255 if mask is None else mask
    made = record_of(found, width=width, height=height, segmentation=True)["detections"]
    assert len(made) == (x < width and y < height and x + w > 0 and y + h > 0)
    for one in made:
        assert np.array_equal(coco.decode(one["segmentation"]) * 255, expected[100:130, 100:140])


@settings(deadline=None, max_examples=200)
@given(st.integers(-(10**6), 10**11), st.fractions(Fraction(1, 10**9), Fraction(1)))
def test_neighbouring_ticks_keep_distinct_times(pts: int, time_base: Fraction) -> None:
    time_base = time_base.limit_denominator(10**9) or Fraction(1, 10**9)
    if pts * time_base < 10**6:  # eleven days of nanoseconds; the exact time is in pts
        assert seconds(pts, time_base) < seconds(pts + 1, time_base)


def test_ticks_below_a_nanosecond_are_not_rounded_away() -> None:
    assert seconds(1, Fraction(1, 2**32)) == 2**-32


def test_parallel_sequences_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        frame_record(
            0, [], anonymised=[True], colours=[], width=8, height=6, duration=0, pts=0, time_base=Fraction(1, 25)
        )
