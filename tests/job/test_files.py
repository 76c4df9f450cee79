from __future__ import annotations

import hashlib
from pathlib import Path

from streamproc.job.files import is_as_recorded, publish, record_of, sha256_of, sync_file, sync_folder, write_file


def test_hash_is_that_of_hashlib_over_more_than_a_block(tmp_path: Path) -> None:
    data = bytes(range(256)) * 8200
    (tmp_path / "big").write_bytes(data)
    assert sha256_of(tmp_path / "big") == hashlib.sha256(data).hexdigest()


def test_publish_replaces_and_makes_folders(tmp_path: Path) -> None:
    temporary, final = tmp_path / "a.tmp", tmp_path / "sub" / "a"
    write_file(temporary, b"new")
    sync_file(temporary)
    publish(temporary, final)
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
