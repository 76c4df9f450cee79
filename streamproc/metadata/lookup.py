"""Finds the record of any frame in a series of metadata files, in the memory of one frame."""

from __future__ import annotations

import bisect
import itertools
from typing import TYPE_CHECKING, Any

from streamproc.errors import FormatError
from streamproc.metadata import jsonfile
from streamproc.metadata.accumulator import parse_chunk_file_name
from streamproc.metadata.parse import parse_record, width_first

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from streamproc.metadata.parse import FrameMetadata


class FrameLookup:
    """The frames of one video by ordinal. ``files`` are its metadata files in order (``reader.series_files``).

    Asking for frames in rising order reads every file once. A frame ahead is reached by way of the files' names
    (``name-first-last.json``) and by stepping over records; for a frame behind, its file is read again.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = list(files)
        chunks = [parse_chunk_file_name(path.name) for path in files]
        firsts = [chunk.first for chunk in chunks if chunk is not None]
        named = len(firsts) == len(files) and firsts == sorted(firsts)
        self._firsts = firsts if named else []
        self._width_first: bool | None = None
        self._size_asked = False
        self._records: Iterator[dict[str, Any]]
        self._open(0)

    def frame(self, ordinal: int) -> FrameMetadata | None:
        """The record of a frame; None for a frame after the last one.

        Raises FormatError for a record that cannot be understood, and when the records on the way to it do not follow
        one another.
        """
        file = bisect.bisect_right(self._firsts, ordinal) - 1 if self._firsts else 0
        if file < 0:
            raise FormatError(f"{self._files[0]}: begins with frame {self._firsts[0]}; frame {ordinal} is missing")
        if ordinal < self._next or file > self._file:
            self._open(file)
        while True:
            for record in self._records:
                path, found = self._files[self._file], record.get("id")
                if found != self._next:
                    raise FormatError(f"{path}: frame {found}: id: expected {self._next} (frames follow one another)")
                self._next += 1
                if found == ordinal:
                    return self._parse(record, path)
            if self._file + 1 == len(self._files):
                return None
            self._file += 1
            self._records = jsonfile.objects(self._files[self._file])

    def _open(self, file: int) -> None:
        self._file = file
        self._next = self._firsts[file] if self._firsts else 0
        self._records = jsonfile.objects(self._files[file])

    def _parse(self, record: dict[str, Any], path: Path) -> FrameMetadata:
        if not self._size_asked and not ("width" in record and "height" in record):
            self._size_asked, self._width_first = True, size_order(self._files)
        return parse_record(record, path, size_width_first=self._width_first)


def size_order(files: Sequence[Path]) -> bool | None:
    """Whether ``size`` is [width, height] in these (older) files, by the first record that tells; None if none does."""
    records = itertools.chain.from_iterable(map(jsonfile.objects, files))
    return next((told for told in map(width_first, records) if told is not None), None)
