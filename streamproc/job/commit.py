"""The commit of a chunk: the moment it is done for good.

Parts and metadata stand under temporary names -> are opened again and counted -> synced -> get their final names ->
their folders are synced -> one line in the journal. A kill before the line leaves the chunk to be made again, after it
the chunk is never touched again.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamproc.errors import EncodeError, SourceError
from streamproc.job.files import is_as_recorded, publish, record_of, sync_file, write_file
from streamproc.media.mark import Mark

if TYPE_CHECKING:
    from pathlib import Path

    from streamproc.job.files import FileRecord
    from streamproc.job.journal import Journal, Record
    from streamproc.job.parts import ClosedPart
    from streamproc.job.pipeline import ChunkData


@dataclass(frozen=True, slots=True)
class Committed:
    """A committed chunk as a job keeps it in mind: eight bytes a frame, so that films of any length fit.

    ``ticks`` are the times of all frames, ``parts`` the files by kind. ``mark`` is only kept of chunks that an earlier
    run has committed, to go on after them.
    """

    chunk: int
    frames: int
    ticks: array[int]
    objects: dict[str, int]
    crowded: int
    metadata: FileRecord
    parts: dict[str, list[FileRecord]]
    mark: Mark | None = None

    @classmethod
    def of(cls, record: Record, *, with_mark: bool = False) -> Committed:
        """Take a journal record apart."""
        mark = record["mark"] if with_mark else None
        return cls(
            chunk=record["chunk"],
            frames=record["frames"],
            ticks=array("q", record["ticks"]),
            objects=record["objects"],
            crowded=record["crowded"],
            metadata=record["metadata"],
            parts=record["parts"],
            mark=None if mark is None else Mark.of_json(mark),
        )

    @property
    def files(self) -> list[FileRecord]:
        """All files of the chunk."""
        return [self.metadata, *(file for part in self.parts.values() for file in part)]

    def damaged(self, root: Path) -> list[str]:
        """Names of its files that are gone or not what the journal says."""
        return [file["file"] for file in self.files if not is_as_recorded(file, root)]


def commit_chunk(
    data: ChunkData, parts: list[ClosedPart], *, metadata: Path, work: Path, root: Path, journal: Journal
) -> Committed:
    """Commit one chunk.

    ``metadata`` is the final name of the chunk's metadata, ``work`` the job's work folder, ``root`` the folder that
    names in the journal are relative to. Raises EncodeError when a part does not hold the frames that went into it.
    """
    frames = len(data.ticks)
    parts = sorted(parts, key=lambda part: part.kind)  # encoders finish in any order
    for part in parts:
        try:
            counted = part.count()
        except SourceError as error:  # a source it is to the reader, not to the user
            raise EncodeError(
                f"{error}; the {part.kind} part cannot be read again, the chunk is not committed"
            ) from error
        if not counted == part.frames == frames:
            raise EncodeError(
                f"{part.files[0][0] if part.files else work}: the {part.kind} part of frames {data.first} to "
                f"{data.first + frames - 1} holds {counted} frames instead of {frames}; the chunk is not committed"
            )
    temporary_metadata = work / f"{data.chunk:06d}.json.tmp"
    write_file(temporary_metadata, data.metadata.to_bytes())
    moves = [(temporary_metadata, metadata)]
    for part in parts:
        for temporary, _ in part.files:
            sync_file(temporary)
        moves += part.files
    publish(moves, root)
    record: Record = {
        "chunk": data.chunk,
        "first": data.first,
        "frames": frames,
        "ticks": data.ticks,
        "objects": data.objects,
        "crowded": data.crowded,
        "mark": None if data.mark is None else data.mark.to_json(),
        "metadata": record_of(metadata, root),
        "parts": {part.kind: [record_of(final, root) for _, final in part.files] for part in parts},
    }
    journal.append(record)
    return Committed.of(record)
