"""The model of a disk that loses its power."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from crashrig.disk import PLAIN_CUTS, Cut, Disk, everything, half, nothing, random_cut, synced, written, zeros
from crashrig.operations import Operation
from crashrig.recording import Entry

ALL = Cut("all", everything, written)
NONE = Cut("none", nothing, synced)


def entry(name: str, path: str, content: bytes | None = None, target: str = "") -> Entry:
    return Entry(Operation(name, path, 0, target), content)


def left(log: list[Entry], cut: Cut, tmp_path: Path) -> dict[str, bytes | None]:
    """What a power cut leaves of a folder that held ``old`` before ``log`` was done."""
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    (before / "old").write_bytes(b"old")
    disk = Disk(before)
    for place in range(len(log)):
        disk.do(log, place)
    disk.build(after, cut)
    return {
        path.relative_to(after).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(after.rglob("*"))
    }


WRITTEN = [entry("create", "new"), entry("write", "new", b"1234")]


@pytest.mark.parametrize(
    ("cut", "holds"),
    [(ALL, b"1234"), (NONE, None), (Cut("", everything, synced), b""), (Cut("", everything, half), b"12"),
     (Cut("", everything, zeros), b"\0\0\0\0"), (Cut("", nothing, written), None)],
)  # fmt: skip
def test_what_was_never_synced_may_be_anything(cut: Cut, holds: bytes | None, tmp_path: Path) -> None:
    assert left(WRITTEN, cut, tmp_path) == {"old": b"old"} | ({} if holds is None else {"new": holds})


def test_synced_contents_are_sure_and_what_was_appended_since_is_not(tmp_path: Path) -> None:
    log = [*WRITTEN, entry("fsync", "new", b"1234"), entry("fsync", "."), entry("write", "new", b"12345678")]
    for number, (contents, holds) in enumerate([(synced, b"1234"), (half, b"123456"), (zeros, b"1234\0\0\0\0")]):
        (tmp_path / str(number)).mkdir()
        found = left(log, Cut("", nothing, contents), tmp_path / str(number))
        assert found["new"] == holds


def test_a_synced_file_without_a_synced_name_is_lost_with_its_folder(tmp_path: Path) -> None:
    log = [entry("mkdir", "a"), entry("create", "a/new"), entry("fsync", "a/new", b"1"), entry("fsync", "a")]
    assert left(log, NONE, tmp_path) == {"old": b"old"}
    (tmp_path / "again").mkdir()
    found = left([*log, entry("fsync", ".")], NONE, tmp_path / "again")
    assert found == {"old": b"old", "a": None, "a/new": b"1"}


@pytest.mark.parametrize(
    ("cut", "names"),
    [(ALL, {"new"}), (NONE, {"old"}), (Cut("", lambda count: [True, False][:count], written), {"new"})],
)
def test_a_rename_within_a_folder_is_one_change(cut: Cut, names: set[str], tmp_path: Path) -> None:
    assert set(left([entry("rename", "old", target="new")], cut, tmp_path)) == names


def test_a_rename_between_folders_may_leave_both_names_or_none(tmp_path: Path) -> None:
    log = [entry("mkdir", "a"), entry("fsync", "."), entry("rename", "old", target="a/new")]
    states = set()
    chance = random.Random(1)
    for number in range(40):
        (tmp_path / str(number)).mkdir()
        states.add(tuple(left(log, random_cut(chance), tmp_path / str(number))))
    assert states == {("a", "a/new"), ("a", "old"), ("a", "a/new", "old"), ("a",)}


def test_what_was_removed_may_come_back_until_the_folder_is_synced(tmp_path: Path) -> None:
    assert left([entry("unlink", "old")], NONE, tmp_path) == {"old": b"old"}
    (tmp_path / "again").mkdir()
    assert left([entry("unlink", "old"), entry("fsync", ".")], NONE, tmp_path / "again") == {}


def test_a_film_holds_before_its_first_sync_what_it_holds_at_that(tmp_path: Path) -> None:
    """The prefix that was done may end before: FFmpeg's writes are not seen."""
    log = [entry("create", "film"), entry("close", "film"), entry("fsync", "film", b"1234")]
    disk = Disk(tmp_path)
    disk.do(log, 0)
    disk.build(tmp_path / "after", Cut("", everything, half))
    assert (tmp_path / "after" / "film").read_bytes() == b"12"


def test_plain_cuts_have_names_of_their_own() -> None:
    assert len({cut.words for cut in PLAIN_CUTS}) == len(PLAIN_CUTS)
