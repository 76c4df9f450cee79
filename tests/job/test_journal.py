from __future__ import annotations

import json
import resource
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproc.errors import JournalError
from streamproc.job.journal import Journal, decode_line, encode_line, read_journal

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
records = st.dictionaries(st.text(max_size=8), json_values, max_size=4)


@given(records)
def test_a_line_says_its_record_and_its_checksum(record: dict[str, object]) -> None:
    line = encode_line(record)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert int(line[:8], 16) == zlib.crc32(line[9:-1])
    assert json.loads(line[9:]) == record == decode_line(line)


@given(records, st.data())
def test_an_altered_or_cut_line_is_seen(record: dict[str, object], data: st.DataObject) -> None:
    line = bytearray(encode_line(record))
    cut = data.draw(st.integers(0, len(line) - 1))
    assert decode_line(bytes(line[:cut])) is None
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= 1 << data.draw(st.integers(0, 7))
    assert decode_line(bytes(line)) is None


def test_what_was_appended_is_there_when_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        assert journal.records == []
        journal.append({"chunk": 0})
        journal.append({"chunk": 1})
    with Journal(path) as journal:
        assert journal.records == [{"chunk": 0}, {"chunk": 1}]


@pytest.mark.parametrize("torn", [b"0", b"12345678 {", b'00000000 {"chunk":1}\n', encode_line({"chunk": 1})[:-1]])
def test_a_torn_last_line_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(encode_line({"chunk": 0}) + torn)
    with Journal(path) as journal:
        assert journal.records == [{"chunk": 0}]
        journal.append({"chunk": 1})
    assert path.read_bytes() == encode_line({"chunk": 0}) + encode_line({"chunk": 1})


def test_damage_before_the_last_line_is_an_error_naming_the_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(encode_line({"chunk": 0}).replace(b"0}", b"9}") + encode_line({"chunk": 1}))
    with pytest.raises(JournalError, match=r"journal\.jsonl: line 1 of 2"):
        read_journal(path)


def test_names_that_are_no_text_go_through() -> None:
    record = {"file": "caf\udce9.png"}  # as os.fsdecode gives a Latin-1 name
    assert decode_line(encode_line(record)) == record


def test_a_line_that_the_disk_has_no_room_for_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append({"chunk": 0})
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, before[1]))
        try:
            with pytest.raises(OSError, match="too large"):
                journal.append({"chunk": 1})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        journal.append({"chunk": 2})
    assert read_journal(path)[0] == [{"chunk": 0}, {"chunk": 2}]


def test_a_journal_that_was_removed_or_replaced_takes_no_more(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.append({"chunk": 0})
        assert journal.is_there()
        path.unlink()
        for replaced in (False, True):
            if replaced:
                path.touch()
            assert not journal.is_there()
            with pytest.raises(JournalError, match=r"journal\.jsonl: was removed or replaced while it was in use"):
                journal.append({"chunk": 1})
            with pytest.raises(JournalError, match="was removed"):
                journal.refresh()
    assert path.read_bytes() == b""
