"""Reads metadata files, and the series of files in which the frames of one video stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamproc.errors import FormatError
from streamproc.metadata import jsonfile
from streamproc.metadata.accumulator import parse_chunk_file_name
from streamproc.metadata.lookup import size_order
from streamproc.metadata.parse import FrameMetadata, parse_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["FrameMetadata", "find_series", "read_file", "read_series", "series_files"]


def read_file(path: Path) -> Iterator[FrameMetadata]:
    """The frames of one metadata file, or the one image of an image's file, in the memory of one frame.

    Raises FormatError: which file, frame and key, what was expected and what was found.
    """
    yield from _read((path,))


def read_series(files: Path | Sequence[Path], *, check: bool = True) -> Iterator[FrameMetadata]:
    """The frames of all ``files``, which are those of one video in order (see ``series_files``).

    With ``check``, a frame whose id is not the one before it plus one is a FormatError: a missing frame would be a
    frame in the clear.
    """
    paths = (files,) if not isinstance(files, list | tuple) else tuple(files)
    expected: int | None = None
    for frame, path in _read_with_paths(paths):
        if check:
            if not isinstance(frame.id, int):
                raise FormatError(f"{path}: frame {frame.id!r}: id: expected a frame's ordinal, found an image's name")
            if expected is not None and frame.id != expected:
                raise FormatError(f"{path}: frame {frame.id}: id: expected {expected} (frames follow one another)")
            expected = frame.id + 1
        yield frame


def series_files(folder: Path, name: str) -> list[Path]:
    """The files ``name-first-last.json`` of ``folder`` in order of their first frame; empty when there are none."""
    return find_series(folder).get(name, [])


def find_series(folder: Path) -> dict[str, list[Path]]:
    """All series of chunk files in a folder: name -> files in order of their first frame.

    A file counts when its name is a chunk file's and it holds an array: the metadata of an image ``street-1-2.jpg`` is
    called ``street-1-2.json`` too, but holds an object.
    """
    found: dict[str, list[tuple[int, int, Path]]] = {}
    for path in sorted(folder.iterdir()):
        chunk = parse_chunk_file_name(path.name)
        if chunk is not None and path.is_file() and jsonfile.first_character(path) != "{":
            found.setdefault(chunk.stem, []).append((chunk.first, chunk.last, path))
    return {name: [path for _, _, path in sorted(chunks)] for name, chunks in found.items()}


def _read(paths: Sequence[Path]) -> Iterator[FrameMetadata]:
    for frame, _ in _read_with_paths(paths):
        yield frame


def _read_with_paths(paths: Sequence[Path]) -> Iterator[tuple[FrameMetadata, Path]]:
    told: bool | None = None
    asked = False
    for path in paths:
        for record in jsonfile.objects(path):
            if not asked and not ("width" in record and "height" in record):
                # An older file: which way round its size is may be told by a later frame only.
                asked, told = True, size_order(paths)
            yield parse_record(record, path, size_width_first=told), path
