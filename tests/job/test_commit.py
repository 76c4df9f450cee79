from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from pathlib import Path

import pytest

from streamproc.errors import EncodeError, SourceNotFoundError
from streamproc.job.commit import Committed, commit_chunk
from streamproc.job.journal import Journal, Record
from streamproc.job.parts import ClosedPart
from streamproc.job.pipeline import ChunkData
from streamproc.metadata.accumulator import ChunkMetadata
from streamproc.metadata.records import frame_record


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / ".streamproc" / "clip.mp4"
    folder.mkdir(parents=True)
    return folder


def chunk_data(first: int = 10, frames: int = 3) -> ChunkData:
    metadata = ChunkMetadata(first)
    for ordinal in range(first, first + frames):
        metadata.add(
            frame_record(
                ordinal, [], anonymised=[], colours=[], width=4, height=4, duration=0.0, pts=ordinal * 7,
                time_base=Fraction(1, 100),
            )
        )  # fmt: skip
    return ChunkData(1, first, metadata, [ordinal * 7 for ordinal in range(first, first + frames)], {"face": 2}, 5)


def closed_part(work: Path, frames: int = 3, counted: int = 3) -> ClosedPart:
    temporary = work / "000001-video.mp4.tmp"
    temporary.write_bytes(b"film")
    return ClosedPart("video", 1, [(temporary, work / "000001-video.mp4")], frames, lambda: counted)


def commit(tmp_path: Path, work: Path, part: ClosedPart) -> Record:
    with Journal(work / "journal.jsonl") as journal:
        return commit_chunk(
            chunk_data(),
            [part],
            metadata=tmp_path / "sub" / "clip-10-12.json",
            work=work,
            root=tmp_path,
            journal=journal,
        )


def test_a_commit_gives_final_names_and_one_line_that_tells_all(tmp_path: Path, work: Path) -> None:
    chunk = commit(tmp_path, work, closed_part(work))
    assert sorted(path.name for path in work.iterdir()) == ["000001-video.mp4", "journal.jsonl"]
    assert [frame["id"] for frame in json.loads((tmp_path / "sub" / "clip-10-12.json").read_text())] == [10, 11, 12]
    with Journal(work / "journal.jsonl") as journal:
        (record,) = journal.records
    assert (record["chunk"], record["first"], record["frames"], record["ticks"]) == (1, 10, 3, [70, 77, 84])
    assert chunk == Committed.of(record)
    assert (chunk.chunk, chunk.frames, list(chunk.ticks)) == (1, 3, [70, 77, 84])
    assert (chunk.objects, chunk.crowded) == ({"face": 2}, 5)
    metadata, part = chunk.files
    assert metadata["file"] == "sub/clip-10-12.json"
    assert part == {
        "file": ".streamproc/clip.mp4/000001-video.mp4", "size": 4, "sha256": hashlib.sha256(b"film").hexdigest(),
    }  # fmt: skip
    assert chunk.damaged(tmp_path) == []


def test_files_that_are_gone_or_altered_are_named(tmp_path: Path, work: Path) -> None:
    chunk = commit(tmp_path, work, closed_part(work))
    (work / "000001-video.mp4").write_bytes(b"filn")
    (tmp_path / "sub" / "clip-10-12.json").unlink()
    assert chunk.damaged(tmp_path) == ["sub/clip-10-12.json", ".streamproc/clip.mp4/000001-video.mp4"]


@pytest.mark.parametrize(("frames", "counted"), [(3, 2), (2, 2), (4, 3)])
def test_a_part_that_does_not_hold_its_frames_commits_nothing(
    tmp_path: Path, work: Path, frames: int, counted: int
) -> None:
    with pytest.raises(EncodeError, match=rf"video part of frames 10 to 12 holds {counted} frames instead of 3"):
        commit(tmp_path, work, closed_part(work, frames, counted))
    assert sorted(path.name for path in work.iterdir()) == ["000001-video.mp4.tmp", "journal.jsonl"]
    assert not (tmp_path / "sub").exists()
    assert (work / "journal.jsonl").read_bytes() == b""


def test_a_commit_may_be_made_twice(tmp_path: Path, work: Path) -> None:
    """A kill between the new names and the journal's line: the next run makes the chunk again, over what stands."""
    first = commit(tmp_path, work, closed_part(work))
    assert commit(tmp_path, work, closed_part(work)) == first


def test_a_part_that_cannot_be_read_again_is_a_failure_of_the_output(tmp_path: Path, work: Path) -> None:
    def count() -> int:
        raise SourceNotFoundError("000001-video.mp4.tmp: does not exist; give a video file")

    part = closed_part(work)
    with pytest.raises(EncodeError, match=r"does not exist.*the video part cannot be read again, the chunk is not"):
        commit(tmp_path, work, ClosedPart(part.kind, part.chunk, part.files, 3, count))
    assert (work / "journal.jsonl").read_bytes() == b""
