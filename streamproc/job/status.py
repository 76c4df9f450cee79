"""What has become of the jobs of an output folder, read without touching anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from streamproc.errors import UsageError
from streamproc.job.commit import Committed
from streamproc.job.journal import read_journal
from streamproc.job.ledger import JOURNAL, LEDGER
from streamproc.job.lock import owner_of
from streamproc.job.naming import WORK_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streamproc.job.files import FileRecord
    from streamproc.job.journal import Record


class State(StrEnum):
    """Where a job stands."""

    FINISHED = "finished"
    RUNNING = "running"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One job.

    ``chunks`` and ``frames`` are committed ones; a finished job has no chunks any more. ``total`` is the number of
    frames of the source, None while its end has not been reached. ``missing`` names files that should be there and are
    not, or have another size. ``owner`` says who works on it.
    """

    name: str
    state: State
    chunks: int | None
    frames: int
    total: int | None
    missing: list[str] = field(default_factory=list)
    owner: str | None = None


def statuses(output: Path) -> Iterator[JobStatus]:
    """The jobs of ``output``, unfinished ones first, by name. Raises UsageError where there never was one."""
    work = output / WORK_FOLDER
    if not work.is_dir():
        raise UsageError(f"{output}: no job has been run with this output folder; it has no folder {WORK_FOLDER}")
    begun = {journal.parent.relative_to(work).as_posix(): journal for journal in work.rglob(JOURNAL)}
    entries = _entries(work / LEDGER)
    for name in sorted(begun.keys() - entries.keys()):
        yield _begun(name, begun[name], work, output)
    for name in sorted(entries):
        yield _finished(name, entries[name], output)


def _entries(ledger: Path) -> dict[str, Record]:
    entries: dict[str, Record] = {}
    for record in read_journal(ledger)[0]:
        if record.get("forgotten") or "reopened" in record:
            entries.pop(record["job"], None)
        elif "files" in record:
            entries[record["job"]] = record
    return entries


def _begun(name: str, journal: Path, work: Path, output: Path) -> JobStatus:
    records, _ = read_journal(journal)
    chunks = {record["chunk"]: Committed.of(record) for record in records if "chunk" in record}
    total = next((record["end"] for record in records if "end" in record), None)
    owner = owner_of(work / f"{name}.lock")
    return JobStatus(
        name=name,
        state=State.INTERRUPTED if owner is None else State.RUNNING,
        chunks=len(chunks),
        frames=sum(chunk.frames for chunk in chunks.values()),
        total=total,
        missing=[file for chunk in chunks.values() for file in _missing(chunk.files, output)],
        owner=owner,
    )


def _finished(name: str, entry: Record, output: Path) -> JobStatus:
    frames = entry["frames"]
    return JobStatus(name, State.FINISHED, None, frames, frames, _missing(entry["files"], output))


def _missing(files: list[FileRecord], output: Path) -> list[str]:
    def is_there(file: FileRecord) -> bool:
        path = output / file["file"]
        return path.is_file() and path.stat().st_size == file["size"]

    return [file["file"] for file in files if not is_there(file)]
