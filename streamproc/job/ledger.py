"""What is begun and finished in an output folder: journal lines for each source.

A job claims the names of its results before it writes the first of them, so that a run that was killed in between can
tell its own files from a stranger's. Its own journal and parts go when it is complete; the line that says so stays, so
that a second run of a finished job does nothing and can say so, and so that other options are never mixed into what
stands there.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from streamproc.errors import FingerprintError, OutputChangedError, OutputError
from streamproc.job.files import is_as_recorded, make_folder, remove_files
from streamproc.job.fingerprint import differences
from streamproc.job.journal import Journal, read_journal
from streamproc.job.lock import JobLock
from streamproc.job.naming import WORK_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from streamproc.job.files import FileRecord
    from streamproc.job.fingerprint import Fingerprint
    from streamproc.job.journal import Record
    from streamproc.job.naming import Planned

JOURNAL = "journal.jsonl"
"""Name of a job's own journal in its work folder."""

LEDGER = "finished.jsonl"
"""Name of the ledger in the work folder of an output folder."""

_log = logging.getLogger(__name__)


class Ledger:
    """The jobs of one output folder, by source (relative name of its work folder)."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.work = output / WORK_FOLDER
        """Holds a work folder for each job that is not finished."""
        self._entries: dict[str, Record] = {}
        self._claims: dict[str, set[str]] = {}
        make_folder(self.work, output if output.exists() else next(path for path in output.parents if path.exists()))
        self._journal = Journal(self.work / LEDGER)
        for record in self._journal.records:
            self._take(record)

    def _take(self, record: Record) -> None:
        job = record["job"]
        if "claimed" in record:
            self._claims.setdefault(job, set()).update(record["claimed"])
        elif record.get("forgotten"):
            self._entries.pop(job, None)
            self._claims.pop(job, None)
        elif "reopened" in record:
            self._entries[job] = {"fingerprint": record["reopened"]}
        else:
            self._entries[job] = record
            self._claims[job] = {file["file"] for file in record["files"]}

    def _append(self, record: Record) -> None:
        self._journal.append(record)
        self._take(record)

    def refresh(self) -> None:
        """Take in what other processes have written since."""
        for record in self._journal.refresh():
            self._take(record)

    def is_there(self) -> bool:
        """Whether the output folder still holds this ledger."""
        return self._journal.is_there()

    def job_name(self, planned: Planned) -> str:
        """What the job of a source is called in this output folder: its mirrored path."""
        return (planned.target.relative_to(self.output) / planned.source.name).as_posix()

    def lock(self, job: str) -> JobLock:
        """The lock to hold while working on ``job``."""
        return JobLock(self.work / f"{job}.lock", job, self.work)

    def earlier(self, job: str) -> Fingerprint | None:
        """The fingerprint that ``job`` was begun or finished with, None where it is new."""
        if job in self._entries:
            mark: Fingerprint = self._entries[job]["fingerprint"]
            return mark
        records, _ = read_journal(self.work / job / JOURNAL)
        return records[0].get("fingerprint") if records else None

    def close(self) -> None:
        """Close the ledger's file."""
        self._journal.close()

    def finish(
        self, job: str, mark: Fingerprint, files: list[FileRecord], frames: int, objects: dict[str, int]
    ) -> None:
        """Write down that ``job`` is done, for good, and what it left."""
        self._append({"job": job, "fingerprint": mark, "frames": frames, "objects": objects, "files": files})

    def finished(self, job: str, mark: Fingerprint) -> Record | None:
        """The entry of ``job`` if it is done with this very fingerprint and its files are as they were left.

        Raises FingerprintError when it was done with another, OutputChangedError when a file was changed since. A job
        of which files are gone, or that was opened again since, is not done.
        """
        entry = self._entries.get(job)
        if entry is None:
            return None
        changed = differences(entry["fingerprint"], mark)
        if changed:
            raise FingerprintError(
                f"{job}: finished in {self.output} by a run that differs: {'; '.join(changed[:5])}; "
                "use --overwrite to start anew, or another output folder"
            )
        if "files" not in entry:
            return None
        present = [file for file in entry["files"] if (self.output / file["file"]).exists()]
        for file in present:
            if not is_as_recorded(file, self.output):
                raise OutputChangedError(
                    f"{self.output / file['file']}: changed since {job} was finished; use --overwrite to start anew, "
                    "or move it away"
                )
        if len(present) < len(entry["files"]):
            _log.info("%s: results were removed since it was finished; they are made again", job)
            return None
        return entry

    def reopen(self, job: str) -> None:
        """Write down that ``job``, if it was done, is made again: its files are about to change.

        Without this line a run that is killed while it makes them would leave a finished job with other files.
        """
        entry = self._entries.get(job, {})
        if "files" in entry:
            self._append({"job": job, "reopened": entry["fingerprint"]})

    def forget(self, job: str) -> None:
        """Delete what a job left, finished or not, so that nothing of it is mixed into what comes."""
        if job not in self._claims:
            return
        remove_files([self.output / name for name in self._claims[job]], self.output)
        self._append({"job": job, "forgotten": True})

    def claim(self, job: str, finals: Iterable[Path], *, overwrite: bool = False) -> None:
        """Write down that ``finals`` are about to be written by ``job``, unless that is known.

        Raises OutputError when one of them exists and was not claimed before, but for ``overwrite``.
        """
        own = self._claims.get(job, set())
        new = [final for final in finals if final.relative_to(self.output).as_posix() not in own]
        for final in new:
            if final.exists() and not overwrite:
                raise OutputError(
                    f"{final}: exists and was not written by this job; use --overwrite to replace it, or another "
                    "output folder"
                )
        if new:
            self._append({"job": job, "claimed": [final.relative_to(self.output).as_posix() for final in new]})
