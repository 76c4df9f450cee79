import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamproc.detect.detection import Detection
from streamproc.masks.objects import ObjectType
from streamproc.metadata.records import frame_record, image_record
from streamproc.metadata.validation import Problem, check_image, check_series

PATH = Path("out/clip-0-1.json")


def frame(ordinal: int, **more: Any) -> dict[str, Any]:
    found = [
        Detection(ObjectType.FACE, (3, 4, 20, 25), 0.8),
        Detection(ObjectType.PERSON, (0, 0, 30, 28), 0.7),
        Detection(ObjectType.FACE, (5, 4, 20, 25), 0.8),
    ]
    return (
        frame_record(
            ordinal, found, anonymised=[True] * 3, colours=[(0, 85, 32), (0, 85, 128), (0, 170, 32)], width=40,
            height=30, duration=0.1, pts=512 * ordinal, time_base=Fraction(1, 12800), segmentation=True,
        )
        | more
    )  # fmt: skip


def write(folder: Path, name: str, records: object) -> Path:
    path = folder / name
    path.write_text(json.dumps(records), encoding="utf-8")
    return path


def chunk(folder: Path, first: int, last: int) -> Path:
    return write(folder, f"clip-{first}-{last}.json", [frame(i) for i in range(first, last + 1)])


def shown(problems: Any) -> list[str]:
    return [str(problem).split("/")[-1] for problem in problems]


def test_a_good_series_has_no_problem(tmp_path: Path) -> None:
    assert list(check_series([chunk(tmp_path, 0, 2), chunk(tmp_path, 3, 3), chunk(tmp_path, 4, 9)])) == []


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.data())
def test_a_gap_or_overlap_of_any_size_is_found_at_its_file(tmp_path: Path, lengths: list[int], data: Any) -> None:
    shift = data.draw(st.integers(-2, 3))
    at = data.draw(st.integers(0, len(lengths) - 1))
    first, files = 0, []
    for index, length in enumerate(lengths):
        if index == at:
            first = max(first + shift, 0)
        files.append(chunk(tmp_path, first, first + length - 1))
        first += length
    problems = [p for p in check_series(files) if p.key is None]
    before = sum(lengths[:at])
    if before + shift == before or (at == 0 and shift < 0):
        assert problems == []
    else:
        assert [p.file for p in problems] == [files[at]]
        assert ("missing before this file" in problems[0].message) == (shift > 0)


def test_seams_are_said_in_words(tmp_path: Path) -> None:
    files = [chunk(tmp_path, 1, 1), chunk(tmp_path, 4, 6), chunk(tmp_path, 5, 7)]
    assert [text for text in shown(check_series(files)) if "pts" not in text] == [
        "clip-1-1.json: frame 0 is missing before this file",
        "clip-4-6.json: frames 2 to 3 are missing before this file",
        "clip-5-7.json: begins with frame 5, but the files before it go up to frame 6",
    ]


def test_the_name_has_to_tell_the_frames(tmp_path: Path) -> None:
    path = write(tmp_path, "clip-0-2.json", [frame(0), frame(2)])
    assert shown(check_series([path])) == [
        "clip-0-2.json: frame 1: id: expected 1, the next frame, found 2",
        "clip-0-2.json: the name says frames 0 to 2, found 2 frames",
    ]
    other = write(tmp_path, "clip.json", [frame(0)])
    assert shown(check_series([other])) == ["clip.json: the file's name is not NAME-FIRST-LAST.json"]


def test_times_have_to_rise_across_files_too(tmp_path: Path) -> None:
    files = [chunk(tmp_path, 0, 0), write(tmp_path, "clip-1-1.json", [frame(1) | {"pts": 0, "time": 0.0}])]
    assert shown(check_series(files)) == ["clip-1-1.json: frame 1: pts: is not later than the frame before it (0, 0)"]


def test_a_live_series_may_begin_late_and_start_times_anew(tmp_path: Path) -> None:
    again = [frame(4, epoch=0), frame(5, epoch=1, pts=0, time=0.0)]
    files = [write(tmp_path, "cam-4-5.json", again)]
    assert list(check_series(files, live=True)) == []
    assert len(list(check_series(files))) == 1


def test_an_unreadable_file_does_not_hide_the_others(tmp_path: Path) -> None:
    torn = tmp_path / "clip-0-1.json"
    torn.write_text('[{"id": 0,')
    files = [torn, write(tmp_path, "clip-2-2.json", [frame(2) | {"size": [1, 1]}])]
    problems = shown(check_series(files))
    assert problems[0].startswith("clip-0-1.json: line 1: is not valid JSON")
    assert problems[1] == "clip-2-2.json: frame 2: size: expected [height, width], [30, 40], found [1, 1]"
    assert len(problems) == 2


@pytest.mark.parametrize(
    ("index", "change", "expected"),
    [
        (0, {"type": 102}, "detections[0].type: expected 103 for face, found 102"),
        (0, {"id": 4}, "detections[0].id: expected 0, found 4"),
        (1, {"parent_image": 9}, "detections[1].parent_image: is 9, not the frame's id 0"),
        (0, {"offset": [4, 4]}, "detections[0].offset: [4, 4] lies right of or below the box's corner, [3, 4]"),
        (0, {"bbox": [3, 4, 41, 25]}, "detections[0].bbox: [3, 4, 41, 25] leaves the picture of 40x30 pixels"),
        (0, {"bbox": [3, 4, 3, 25]}, "detections[0].bbox: [3, 4, 3, 25] is empty"),
        (0, {"color": [0, 85, 128]}, "detections[0].color: blue of a face is 32, found 128"),
        (2, {"color": [0, 85, 32]}, "detections[2].color: [0, 85, 32] is the colour of detections[0] too"),
        (0, {"score": "x"}, "detections[0].score: 'x' is not of type 'number'"),
    ],
)
def test_a_record_has_to_agree_with_itself(tmp_path: Path, index: int, change: Any, expected: str) -> None:
    record = frame(0)
    record["detections"][index] |= change
    assert shown(check_series([write(tmp_path, "clip-0-0.json", [record])])) == [f"clip-0-0.json: frame 0: {expected}"]


def test_the_rounded_time_has_to_be_that_of_the_ticks(tmp_path: Path) -> None:
    path = write(tmp_path, "clip-0-0.json", [frame(0) | {"time": 0.04}])
    assert shown(check_series([path])) == ["clip-0-0.json: frame 0: time: expected pts * time_base, 0.0, found 0.04"]


def test_more_than_255_of_a_type_may_share_colours(tmp_path: Path) -> None:
    found = [Detection(ObjectType.FACE, (0, 0, 5, 5), 0.5)] * 257
    colours = [(0, 1 + i % 255, 32) for i in range(257)]
    record = frame_record(
        0, found, anonymised=[True] * 257, colours=colours, width=40, height=30, duration=0, pts=0,
        time_base=Fraction(1, 25),
    )  # fmt: skip
    assert list(check_series([write(tmp_path, "clip-0-0.json", [record])])) == []


def test_images_are_checked(tmp_path: Path) -> None:
    record = image_record("photo.jpg", None, [], anonymised=[], colours=[], width=8, height=6, duration=0)
    assert list(check_image(write(tmp_path, "photo.json", record))) == []
    wrong = write(tmp_path, "photo.json", record | {"filename": "other.jpg", "size": [8, 6]})
    assert shown(check_image(wrong)) == [
        "photo.json: size: expected [height, width], [6, 8], found [8, 6]",
        "photo.json: filename: 'other.jpg' is not the id, 'photo.jpg'",
    ]
    two = tmp_path / "two.json"
    two.write_text("{")
    assert "is not valid JSON" in shown(check_image(two))[0]
    two.write_text(json.dumps(record) * 2)
    assert shown(check_image(two)) == ["two.json: expected one object for one image, found 2"]


def test_a_problem_is_one_line() -> None:
    assert str(Problem(PATH, 3, "detections[0].bbox", "is empty")) == f"{PATH}: frame 3: detections[0].bbox: is empty"
    assert str(Problem(PATH, None, None, "is empty")) == f"{PATH}: is empty"
