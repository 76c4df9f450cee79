import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamproc.errors import FormatError
from streamproc.metadata.accumulator import chunk_file_name
from streamproc.metadata.reader import find_series, read_file, read_series, series_files


def frame(ordinal: int, **more: Any) -> dict[str, Any]:
    return {"id": ordinal, "detections": [], "size": [30, 40], "width": 40, "height": 30, **more}


def write(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def chunk(folder: Path, stem: str, first: int, last: int) -> Path:
    return write(folder, chunk_file_name(stem, first, last), [frame(i) for i in range(first, last + 1)])


def test_a_series_is_read_in_order_of_numbers_not_of_letters(tmp_path: Path) -> None:
    for first in (0, 5, 10, 95, 100):
        chunk(tmp_path, "clip", first, first + 4)
    assert [frame.id for frame in read_series(series_files(tmp_path, "clip"), check=False)] == [
        *range(15), *range(95, 105)
    ]  # fmt: skip


def test_series_are_told_from_each_other_and_from_images(tmp_path: Path) -> None:
    chunk(tmp_path, "clip", 0, 1)
    chunk(tmp_path, "clip.mp4", 0, 1)
    chunk(tmp_path, "clip-0-499", 0, 1)
    write(tmp_path, "street-1-2.json", frame(0) | {"id": "street-1-2.jpg"})
    write(tmp_path, "photo.json", frame(0) | {"id": "photo.jpg"})
    assert {name: [path.name for path in files] for name, files in find_series(tmp_path).items()} == {
        "clip": ["clip-0-1.json"],
        "clip.mp4": ["clip.mp4-0-1.json"],
        "clip-0-499": ["clip-0-499-0-1.json"],
    }
    assert series_files(tmp_path, "other") == []


def test_an_image_file_holds_one_record(tmp_path: Path) -> None:
    path = write(tmp_path, "photo.json", frame(0) | {"id": "photo.jpg", "filename": "photo.jpg", "folder": "a/b"})
    (image,) = read_file(path)
    assert (image.id, image.filename, image.folder) == ("photo.jpg", "photo.jpg", "a/b")


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.data())
def test_a_gap_or_an_overlap_is_refused_where_it_is(tmp_path: Path, lengths: list[int], data: st.DataObject) -> None:
    firsts = [sum(lengths[:i]) for i in range(len(lengths))]
    paths = [chunk(tmp_path, "clip", a, a + n - 1) for a, n in zip(firsts, lengths, strict=True)]
    assert [frame.id for frame in read_series(paths)] == list(range(sum(lengths)))
    broken = data.draw(st.integers(0, len(paths) - 1))
    shift = data.draw(st.sampled_from([-1, 1]))
    records = json.loads(paths[broken].read_text())
    if broken == 0 and (len(paths) == 1 or shift == -1):
        return
    for record in records:
        record["id"] += shift
    paths[broken].write_text(json.dumps(records))
    with pytest.raises(FormatError, match=r"id: expected \d+ \(frames follow one another\), found|id: expected \d+"):
        list(read_series(paths))


def test_an_image_is_no_part_of_a_series(tmp_path: Path) -> None:
    path = write(tmp_path, "photo.json", frame(0) | {"id": "photo.jpg"})
    with pytest.raises(FormatError, match="expected a frame's ordinal, found an image's name"):
        list(read_series(path))


def test_the_order_of_size_in_an_older_series_is_told_by_any_of_its_frames(tmp_path: Path) -> None:
    plain = {"id": 0, "detections": [], "size": [320, 178]}
    telling = {"id": 1, "detections": [{"bbox": [0, 0, 300, 170], "type": 103}], "size": [320, 178]}
    paths = [write(tmp_path, "clip-0-0.json", [plain]), write(tmp_path, "clip-1-1.json", [telling])]
    assert [(frame.width, frame.height, frame.size_assumed) for frame in read_series(paths)] == [(320, 178, False)] * 2
