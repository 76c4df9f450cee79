"""Collects the records of a chunk and gives the bytes of its metadata file."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from streamproc.metadata.records import Record

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False).encode
_encode_ascii = json.JSONEncoder(allow_nan=False, check_circular=False).encode

_CHUNK_FILE = re.compile(r"(?P<stem>.+)-(?P<first>[0-9]+)-(?P<last>[0-9]+)\.json", re.DOTALL)


class ChunkName(NamedTuple):
    """What the name of a chunk's metadata file says: ``stem-first-last.json``, ordinals, both inclusive."""

    stem: str
    first: int
    last: int


def chunk_file_name(stem: str, first: int, last: int) -> str:
    """Name of a chunk's metadata file; ``first`` and ``last`` are frame ordinals, both inclusive."""
    return f"{stem}-{first}-{last}.json"


def parse_chunk_file_name(name: str) -> ChunkName | None:
    """Take a name made by ``chunk_file_name`` apart; None for any other name."""
    match = _CHUNK_FILE.fullmatch(name)
    return None if match is None else ChunkName(match["stem"], int(match["first"]), int(match["last"]))


def record_to_bytes(record: Record) -> bytes:
    """One record as UTF-8 JSON on one line, without a line end."""
    try:
        return _encode(record).encode()
    except UnicodeEncodeError:  # a file name that is no text (lone surrogates): escape it, which any reader undoes
        return _encode_ascii(record).encode()


def image_to_bytes(record: Record) -> bytes:
    """The metadata file of a still image: one JSON object."""
    return record_to_bytes(record) + b"\n"


class ChunkMetadata:
    """The metadata file of one chunk, in the making. ``first`` is the ordinal of its first frame.

    A record is turned into bytes when it is added: that spreads the work over the frames, and keeps about 2 kB a frame
    instead of the record's many small objects.
    """

    def __init__(self, first: int) -> None:
        self.first = first
        self._lines: list[bytes] = []

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def last(self) -> int:
        """Ordinal of the last frame added; ``first - 1`` before any."""
        return self.first + len(self._lines) - 1

    def add(self, record: Record) -> None:
        """Add the record of the next frame; raise ValueError when it is not the next one."""
        if record["id"] != self.last + 1:
            raise ValueError(f"frame {record['id']} was added to metadata that goes on with frame {self.last + 1}")
        self._lines.append(record_to_bytes(record))

    def file_name(self, stem: str) -> str:
        """Name of the file for the source called ``stem``."""
        return chunk_file_name(stem, self.first, self.last)

    def to_bytes(self) -> bytes:
        """The file: a JSON array in UTF-8, one frame a line."""
        return b"[\n" + b",\n".join(self._lines) + b"\n]\n"
