from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from streamproc.job import files
from streamproc.job.files import (
    is_as_recorded,
    make_folder,
    publish,
    record_of,
    remove_empty_parents,
    remove_files,
    sha256_of,
    sync_file,
    sync_folder,
    write_file,
)


def test_hash_is_that_of_hashlib_over_more_than_a_block(tmp_path: Path) -> None:
    data = bytes(range(256)) * 8200
    (tmp_path / "big").write_bytes(data)
    assert sha256_of(tmp_path / "big") == hashlib.sha256(data).hexdigest()


def test_publish_replaces_and_makes_folders(tmp_path: Path) -> None:
    temporary, final = tmp_path / "a.tmp", tmp_path / "sub" / "a"
    write_file(temporary, b"new")
    sync_file(temporary)
    publish([(temporary, final)], tmp_path)
    sync_folder(tmp_path)
    assert final.read_bytes() == b"new"
    assert not temporary.exists()


def test_a_changed_cut_or_missing_file_is_not_as_recorded(tmp_path: Path) -> None:
    file = tmp_path / "sub" / "file"
    file.parent.mkdir()
    file.write_bytes(b"contents")
    record = record_of(file, tmp_path)
    assert record == {"file": "sub/file", "size": 8, "sha256": hashlib.sha256(b"contents").hexdigest()}
    assert is_as_recorded(record, tmp_path)
    file.write_bytes(b"contentz")
    assert not is_as_recorded(record, tmp_path)
    file.write_bytes(b"content")
    assert not is_as_recorded(record, tmp_path)
    file.unlink()
    assert not is_as_recorded(record, tmp_path)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    folders: list[Path] = []
    monkeypatch.setattr(files, "sync_folder", folders.append)
    return folders


def test_the_names_of_new_folders_are_synced_up_to_the_root(tmp_path: Path, synced: list[Path]) -> None:
    for _ in range(2):  # also those that another run has made, and may not have synced
        make_folder(tmp_path / "a" / "b", tmp_path)
        assert synced == [tmp_path / "a", tmp_path]
        synced.clear()
    make_folder(tmp_path, tmp_path)
    with pytest.raises(FileNotFoundError):
        make_folder(tmp_path / "gone" / "a", tmp_path / "gone")
    assert synced == []
    assert not (tmp_path / "gone").exists()


def test_files_are_removed_for_good_with_the_folders_they_leave_empty(tmp_path: Path, synced: list[Path]) -> None:
    day, masks, other = tmp_path / "day", tmp_path / "day" / "masks", tmp_path / "other"
    masks.mkdir(parents=True)
    other.mkdir()
    for path in (day / "a", masks / "b", masks / "c", other / "d", other / "e"):
        path.touch()
    remove_files([day / "a", masks / "b", masks / "c", other / "d", other / "gone"], tmp_path)
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == ["other", "e"]
    assert set(synced) == {tmp_path, other}
    remove_files([other / "e", tmp_path / "never" / "there"], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_that_cannot_sync_folders_is_taken_as_it_is() -> None:
    sync_folder(Path("/proc"))


def test_empty_parents_may_be_removed_or_filled_by_others_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c" / "file"
    (tmp_path / "a" / "b").mkdir(parents=True)  # c is gone already
    (tmp_path / "a" / "other").touch()
    remove_empty_parents(path, tmp_path)
    assert [found.name for found in sorted(tmp_path.rglob("*"))] == ["a", "other"]
