import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamproc.errors import FormatError
from streamproc.metadata.lookup import FrameLookup


def write(path: Path, ordinals: range) -> Path:
    path.write_text(json.dumps([{"id": i, "detections": [], "width": 40, "height": 30} for i in ordinals]))
    return path


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.booleans(), st.lists(st.integers(0, 25), max_size=12))
def test_any_frame_is_found_in_any_order(tmp_path: Path, lengths: list[int], named: bool, asked: list[int]) -> None:
    files, total = [], 0
    for number, length in enumerate(lengths):
        name = f"clip-{total}-{total + length - 1}.json" if named else f"{number}.json"
        files.append(write(tmp_path / name, range(total, total + length)))
        total += length
    lookup = FrameLookup(files)
    for ordinal in asked:
        found = lookup.frame(ordinal)
        assert (found.id if found else None) == (ordinal if ordinal < total else None)


def test_frames_that_do_not_follow_one_another_are_refused(tmp_path: Path) -> None:
    files = [write(tmp_path / "clip-0-1.json", range(2)), write(tmp_path / "clip-3-4.json", range(3, 5))]
    lookup = FrameLookup(files)
    assert lookup.frame(1) is not None
    with pytest.raises(FormatError, match=r"clip-3-4\.json: frame 3: id: expected 2"):
        lookup.frame(2)
    with pytest.raises(FormatError, match=r"clip-3-4\.json: begins with frame 3; frame 0 is missing"):
        FrameLookup(files[1:]).frame(0)
    wrong = write(tmp_path / "clip-5-6.json", range(6, 8))
    with pytest.raises(FormatError, match="frame 6: id: expected 5"):
        FrameLookup([wrong]).frame(5)
