"""The append-only journal of a job: one checksummed line for each thing that is done for good.

A line is the CRC-32 of its JSON text as eight hexadecimal digits, a space, the JSON text, a newline. The first line is
the header; a last line without its newline, or with a wrong sum, was being written when the power went, and is cut
off. Damage before the last line is never repaired silently.
"""

from __future__ import annotations

import json
import os
import zlib
from typing import TYPE_CHECKING, Any

from streamproc.errors import JournalError
from streamproc.job.files import sync_folder
from streamproc.job.lock import exclusively, is_named

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

Record = dict[str, Any]


def encode_line(record: Record) -> bytes:
    """The line of ``record``, newline included. ASCII only: file names that are no UTF-8 go through as escapes."""
    text = json.dumps(record, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def decode_line(line: bytes) -> Record | None:
    """The record of a whole line, None where the line is torn or altered."""
    checksum, _, text = line.removesuffix(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(text):
        return None
    record: Record = json.loads(text)
    return record


class Journal:
    """A journal open for appending, possibly by several processes at once, in a folder that is there.

    ``records`` are those that were there when it was opened. Raises JournalError for damage before the last line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a+b", buffering=0)
        self._size = self._lines = 0
        try:
            sync_folder(path.parent)
            self.records = self.refresh()
        except BaseException:
            self._file.close()
            raise

    def refresh(self) -> list[Record]:
        """Read what other processes have appended since, and return it. Raises JournalError where it was removed."""
        with exclusively(self._file):
            self._check()
            return self._catch_up()

    def is_there(self) -> bool:
        """Whether the file still has its name."""
        return is_named(self._file, self.path)

    def append(self, record: Record) -> None:
        """Write ``record`` and return when it is on the disk.

        Raises OSError, and then leaves nothing of it, or JournalError where the journal was removed.
        """
        line = encode_line(record)
        with exclusively(self._file):
            self._check()
            self._catch_up()
            try:
                rest = memoryview(line)
                while rest:
                    rest = rest[self._file.write(rest) :]
                os.fsync(self._file.fileno())
            except OSError:
                # A torn line is sound only at the end: the next one must not come after it.
                self._file.truncate(self._size)
                raise
        self._size += len(line)
        self._lines += 1

    def _check(self) -> None:
        if not self.is_there():
            raise JournalError(f"{self.path}: was removed or replaced while it was in use; run the same command again")

    def _catch_up(self) -> list[Record]:
        self._file.seek(self._size)
        data = self._file.readall()
        records, sound_bytes = _parse(data, self.path, self._lines)
        if sound_bytes < len(data):
            self._file.truncate(self._size + sound_bytes)
        self._size += sound_bytes
        self._lines += len(records)
        return records

    def close(self) -> None:
        """Close the file; what was appended is on the disk already."""
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def read_journal(path: Path) -> tuple[list[Record], int]:
    """The sound records of a journal and how many bytes they take; nothing for a file that does not exist."""
    return _parse(path.read_bytes(), path, 0) if path.exists() else ([], 0)


def _parse(data: bytes, path: Path, lines_before: int) -> tuple[list[Record], int]:
    records: list[Record] = []
    sound_bytes = 0
    lines = data.splitlines(keepends=True)
    for number, line in enumerate(lines, start=1):
        record = decode_line(line)
        if record is None:
            if number == len(lines):
                break
            raise JournalError(
                f"{path}: line {lines_before + number} of {lines_before + len(lines)} does not match its checksum; "
                "the journal was altered; start anew with --overwrite"
            )
        records.append(record)
        sound_bytes += len(line)
    return records, sound_bytes
