"""What lies in an output folder and belongs together: metadata, picture or video, and masks."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from streamproc.errors import FormatError
from streamproc.job.naming import WORK_FOLDER
from streamproc.media.kinds import kind_of
from streamproc.media.suffixes import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from streamproc.metadata import jsonfile
from streamproc.metadata.accumulator import parse_chunk_file_name

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from streamproc.metadata.accumulator import ChunkName

_BINARY = ("_bin_mask",)
_INSTANCE = ("_ins_maks", "_ins_mask")  # as written, and as others write it


@dataclass(frozen=True, slots=True)
class Masks:
    """The masks of one video or image, where there are any: a file, or for a video a folder of PNG files."""

    binary: Path | None
    instance: Path | None


@dataclass(frozen=True, slots=True)
class VideoResult:
    """One video's results: metadata files in order, and what was found beside them.

    ``parts`` has one entry for a video that was written as a whole; a live source has one for each metadata file.
    """

    files: tuple[Path, ...]
    parts: tuple[tuple[tuple[Path, ...], Path | None, Masks], ...]
    live: bool


@dataclass(frozen=True, slots=True)
class ImageResult:
    """A still image's results: its metadata file, where its picture should be, its masks."""

    file: Path
    masks: Masks


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A JSON file that cannot be told to be metadata or not."""

    file: Path
    error: FormatError


def results_in(out: Path) -> Iterator[VideoResult | ImageResult | Unreadable]:
    """All results below ``out``, folder by folder in a stable order. Work folders are left out."""
    for here, folders, names in os.walk(out):
        folders[:] = sorted(name for name in folders if name != WORK_FOLDER)
        yield from _folder_results(Path(here), sorted(names), frozenset(folders))


def _folder_results(
    folder: Path, names: list[str], folders: frozenset[str]
) -> Iterator[VideoResult | ImageResult | Unreadable]:
    present = frozenset(names) | folders
    series: dict[str, list[tuple[ChunkName, Path]]] = {}
    for name in names:
        if not name.endswith(".json"):
            continue
        path = folder / name
        chunk = parse_chunk_file_name(name)
        try:
            if jsonfile.first_character(path) == "{":
                if _is_image_metadata(path):
                    yield ImageResult(path, _masks(folder, path.stem, present))
            elif chunk is not None:
                series.setdefault(chunk.stem, []).append((chunk, path))
        except FormatError as error:
            yield Unreadable(path, error)
    for stem, chunks in series.items():
        chunks.sort(key=lambda entry: (entry[0].first, entry[0].last))
        yield _video_result(folder, stem, [path for _, path in chunks], names, present, series.keys())


def _video_result(
    folder: Path, stem: str, files: list[Path], names: list[str], present: frozenset[str], stems: Container[str]
) -> VideoResult:
    video, masks = _video(folder, stem, names, stems), _masks(folder, stem, present)
    if video is None and masks == Masks(None, None):
        parts = [((path,), _video(folder, path.stem, names, ()), _masks(folder, path.stem, present)) for path in files]
        if any(video is not None or masks != Masks(None, None) for _, video, masks in parts):
            return VideoResult(tuple(files), tuple(parts), live=True)
    return VideoResult(tuple(files), ((tuple(files), video, masks),), live=False)


def _video(folder: Path, stem: str, names: list[str], stems: Container[str]) -> Path | None:
    """The video of a series: ``stem`` and a suffix, or ``stem`` itself.

    Of a.avi and a.mp4 one series is called a.mp4, and its video a.mp4 or, where the other's has that name, a.mp4.mp4.
    """

    def own(stem: str) -> list[Path]:
        return [folder / name for name in names if Path(name).stem == stem and _is_video(folder / name)]

    found = [path for path in own(stem) if path.name not in stems or own(path.name)]
    if not found and stem in names and _is_video(folder / stem):
        found = [folder / stem]
    return found[0] if found else None


def _is_video(path: Path) -> bool:
    suffix = path.suffix.lower()
    return suffix in VIDEO_SUFFIXES or (suffix in IMAGE_SUFFIXES and kind_of(path) == "animated")


def _masks(folder: Path, stem: str, present: frozenset[str]) -> Masks:
    def find(endings: tuple[str, ...]) -> Path | None:
        candidates = (stem + ending + suffix for ending in endings for suffix in (".mp4", ".png", ""))
        return next((folder / name for name in candidates if name in present), None)

    return Masks(find(_BINARY), find(_INSTANCE))


def _is_image_metadata(path: Path) -> bool:
    """Whether a JSON object is an image's metadata: other programs' files may lie in the folder too."""
    record = next(jsonfile.objects(path), {})
    return "detections" in record or ("filename" in record and "parent_image" not in record)
