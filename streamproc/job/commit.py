"""The commit of a chunk: the moment it is done for good.

Parts and metadata stand under temporary names -> are opened again and counted -> synced -> get their final names ->
their folders are synced -> one line in the journal. A kill before the line leaves the chunk to be made again, after it
the chunk is never touched again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamproc.errors import EncodeError
from streamproc.job.files import is_as_recorded, record_of, sync_file, sync_folder, write_file

if TYPE_CHECKING:
    from pathlib import Path

    from streamproc.job.files import FileRecord
    from streamproc.job.journal import Journal, Record
    from streamproc.job.parts import ClosedPart
    from streamproc.job.pipeline import ChunkData


def commit_chunk(
    data: ChunkData, parts: list[ClosedPart], *, metadata: Path, work: Path, root: Path, journal: Journal
) -> Record:
    """Commit one chunk and return its journal record.

    ``metadata`` is the final name of the chunk's metadata, ``work`` the job's work folder, ``root`` the folder that
    names in the journal are relative to. Raises EncodeError when a part does not hold the frames that went into it.
    """
    frames = len(data.ticks)
    parts = sorted(parts, key=lambda part: part.kind)  # encoders finish in any order
    for part in parts:
        counted = part.count()
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
    for folder in {final.parent for _, final in moves}:
        folder.mkdir(parents=True, exist_ok=True)
    for temporary, final in moves:
        temporary.replace(final)
    for folder in {final.parent for _, final in moves} | {work}:
        sync_folder(folder)
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
    return record


def chunk_files(record: Record) -> list[FileRecord]:
    """All files of a committed chunk."""
    files: list[FileRecord] = [record["metadata"]]
    for part in record["parts"].values():
        files += part
    return files


def damaged_files(record: Record, root: Path) -> list[str]:
    """Names of the files of a committed chunk that are gone or not what the journal says."""
    return [file["file"] for file in chunk_files(record) if not is_as_recorded(file, root)]
