"""What is finished in an output folder: one journal line for each source that is done.

A job's own journal and parts go when it is complete; this line stays, so that a second run of a finished job does
nothing and can say so, and so that other options are never mixed into what stands there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamproc.errors import FingerprintError, OutputChangedError, OutputError
from streamproc.job.files import is_as_recorded
from streamproc.job.fingerprint import differences
from streamproc.job.journal import Journal
from streamproc.job.naming import WORK_FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from streamproc.job.files import FileRecord
    from streamproc.job.fingerprint import Fingerprint
    from streamproc.job.journal import Record


class Ledger:
    """The finished jobs of one output folder, by source (relative name of its work folder)."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self._journal = Journal(output / WORK_FOLDER / "finished.jsonl")
        self._entries = {record["job"]: record for record in self._journal.records}

    def close(self) -> None:
        """Close the ledger's file."""
        self._journal.close()

    def finish(
        self, job: str, mark: Fingerprint, files: list[FileRecord], frames: int, objects: dict[str, int]
    ) -> None:
        """Write down that ``job`` is done, for good, and what it left."""
        record = {"job": job, "fingerprint": mark, "frames": frames, "objects": objects, "files": files}
        self._journal.append(record)
        self._entries[job] = record

    def finished(self, job: str, mark: Fingerprint) -> Record | None:
        """The entry of ``job`` if it is done with this very fingerprint and its files are as they were left.

        Raises FingerprintError when it was done with another, OutputChangedError when a file was changed since.
        """
        entry = self._entries.get(job)
        if entry is None or entry.get("forgotten"):
            return None
        changed = differences(entry["fingerprint"], mark)
        if changed:
            raise FingerprintError(
                f"{job}: finished in {self.output} by a run that differs: {'; '.join(changed[:5])}; "
                "use --overwrite to start anew, or another output folder"
            )
        for file in entry["files"]:
            if not (self.output / file["file"]).exists():
                return None  # removed since: made again
            if not is_as_recorded(file, self.output):
                raise OutputChangedError(
                    f"{self.output / file['file']}: changed since {job} was finished; use --overwrite to start anew, "
                    "or move it away"
                )
        return entry

    def forget(self, job: str) -> None:
        """Delete what a finished job left, so that nothing of it is mixed into what comes."""
        entry = self._entries.pop(job, None)
        if entry is None:
            return
        for file in entry.get("files", []):
            (self.output / file["file"]).unlink(missing_ok=True)
        self._journal.append({"job": job, "forgotten": True})

    def refuse_strangers(self, job: str, finals: list[Path]) -> None:
        """Raise OutputError when a final name is taken by something that ``job`` has not written."""
        entry = self._entries.get(job, {})
        own = {self.output / file["file"] for file in entry.get("files", [])}
        for final in finals:
            if final.exists() and final not in own:
                raise OutputError(
                    f"{final}: exists and was not written by this job; use --overwrite to replace it, or another "
                    "output folder"
                )
