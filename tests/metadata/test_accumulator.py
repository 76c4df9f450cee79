import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproc.metadata.accumulator import (
    ChunkMetadata,
    ChunkName,
    chunk_file_name,
    image_to_bytes,
    parse_chunk_file_name,
)


def test_a_chunk_is_a_json_array_with_one_frame_a_line() -> None:
    chunk = ChunkMetadata(500)
    for ordinal in (500, 501):
        chunk.add({"id": ordinal, "note": "Straße"})
    assert len(chunk) == 2
    assert (chunk.first, chunk.last) == (500, 501)
    assert chunk.file_name("clip") == "clip-500-501.json"
    data = chunk.to_bytes()
    assert data.decode() == '[\n{"id": 500, "note": "Straße"},\n{"id": 501, "note": "Straße"}\n]\n'
    assert json.loads(data) == [{"id": 500, "note": "Straße"}, {"id": 501, "note": "Straße"}]


@pytest.mark.parametrize("ordinal", [0, 2])
def test_a_record_that_is_not_the_next_is_refused(ordinal: int) -> None:
    chunk = ChunkMetadata(0)
    chunk.add({"id": 0})
    with pytest.raises(ValueError, match=f"frame {ordinal} was added to metadata that goes on with frame 1"):
        chunk.add({"id": ordinal})


def test_a_record_is_written_as_it_was_when_it_was_added() -> None:
    chunk, record = ChunkMetadata(0), {"id": 0}
    chunk.add(record)
    record["id"] = 7
    assert json.loads(chunk.to_bytes()) == [{"id": 0}]


def test_numbers_that_json_lacks_are_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        ChunkMetadata(0).add({"id": 0, "duration": float("nan")})


@given(st.text(min_size=1), st.integers(0, 10**9), st.integers(0, 10**9))
def test_chunk_names_are_read_back(stem: str, first: int, last: int) -> None:
    assert parse_chunk_file_name(chunk_file_name(stem, first, last)) == ChunkName(stem, first, last)


@pytest.mark.parametrize("name", ["clip.json", "clip-0.json", "-0-1.json", "clip-0-1.jsonl", "clip-0-x.json"])
def test_other_names_are_no_chunk(name: str) -> None:
    assert parse_chunk_file_name(name) is None


@given(st.text())
def test_any_file_name_survives_in_an_image_record(name: str) -> None:
    data = image_to_bytes({"id": name})
    assert data.endswith(b"\n")
    assert json.loads(data.decode()) == {"id": name}


def test_a_file_name_that_is_no_text_survives() -> None:
    name = b"caf\xe9.jpg".decode("utf-8", "surrogateescape")
    assert json.loads(image_to_bytes({"id": name}).decode()) == {"id": name}
