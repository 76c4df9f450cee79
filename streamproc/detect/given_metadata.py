"""Detections from metadata files of this program: which files are a source's, and what they say of a frame."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from streamproc.errors import DetectionsFileError, DetectorError, FormatError
from streamproc.metadata import jsonfile
from streamproc.metadata.accumulator import parse_chunk_file_name
from streamproc.metadata.lookup import FrameLookup
from streamproc.metadata.reader import find_series, read_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from streamproc.detect.detection import Detection
    from streamproc.media.frame import Frame
    from streamproc.metadata.parse import FrameMetadata


class MetadataFiles:
    """Metadata files, folders of them, and ``folder/name`` for a series.

    A source's files are found by its name: the series of its stem, or of its whole file name; an image's file likewise.
    In a folder they are looked for where the source stood below the input root. A single series serves any video.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._folders = [path for path in paths if path.is_dir()]
        self._series: dict[str, list[Path]] = {}
        self._images: list[Path] = []
        try:
            for path in paths:
                if path.is_file():
                    self._add_file(path)
                elif not path.is_dir():
                    self._add_prefix(path)
        except FormatError as error:
            raise DetectionsFileError(str(error)) from error
        for name, files in self._series.items():
            self._series[name] = sorted(files, key=_first_frame)

    def for_video(self, filename: str | None, folder: str | None) -> GivenSeries:
        """The series of a video; without ``filename``, the only series there is."""
        try:
            series = dict(self._series)
            for root in self._folders:
                here = root / folder if folder else root
                series.update(find_series(here) if here.is_dir() else {})
        except FormatError as error:
            raise DetectionsFileError(str(error)) from error
        # The whole name first: of a.avi and a.mp4 one series is called a, and the other a.mp4.
        names = [filename, PurePath(filename).stem] if filename else []
        found = next((series[name] for name in names if name in series), None)
        if found is None:
            if len(series) != 1 or (self._folders and filename):
                listed = ", ".join(sorted(series)) or "none"
                raise DetectionsFileError(
                    f"{self._where()}: no metadata files {names[-1] if names else 'NAME'}-FIRST-LAST.json for "
                    f"{filename or 'a video whose name is not known'}; series found: {listed}"
                )
            (found,) = series.values()
        return GivenSeries(found)

    def for_image(self, filename: str, folder: str | None) -> GivenImage:
        """The metadata of a still image."""
        candidates = list(self._images)
        for root in self._folders:
            here = root / folder if folder else root
            candidates += [here / f"{name}.json" for name in (filename, PurePath(filename).stem)]
        try:
            for path in candidates:
                if path.is_file() and jsonfile.first_character(path) == "{":
                    image = next(read_file(path))
                    if image.id == filename and (folder is None or image.folder in (None, folder)):
                        return GivenImage(path, image)
        except FormatError as error:
            raise DetectionsFileError(str(error)) from error
        raise DetectionsFileError(f"{self._where()}: no metadata of the image {filename}")

    def _add_file(self, path: Path) -> None:
        if jsonfile.first_character(path) == "{":
            self._images.append(path)
        else:
            chunk = parse_chunk_file_name(path.name)
            self._series.setdefault(path.stem if chunk is None else chunk.stem, []).append(path)

    def _add_prefix(self, path: Path) -> None:
        series = find_series(path.parent) if path.parent.is_dir() else {}
        if path.name not in series:
            raise DetectionsFileError(f"{path}: there is no such file or folder, and no {path.name}-FIRST-LAST.json")
        self._series.setdefault(path.name, []).extend(series[path.name])

    def _where(self) -> str:
        files = [path for paths in self._series.values() for path in paths]
        return ", ".join(map(str, [*self._folders, *files, *self._images][:3]))


class GivenSeries:
    """The detections of a video in its metadata files."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = tuple(files)
        self._lookup = FrameLookup(files)

    @property
    def files(self) -> Sequence[Path]:
        """The metadata files, in order."""
        return self._files

    def of(self, frame: Frame) -> list[Detection]:
        """The detections of a frame. Raises DetectorError for a frame after the last one, FormatError."""
        found = self._lookup.frame(frame.ordinal)
        if found is None:
            raise DetectorError(
                f"frame {frame.ordinal} (time {float(frame.time):.3f} s): {self._files[-1]} ends before it; is the "
                "metadata of another video, or is a file missing?"
            )
        return _checked(found, self._files[-1].parent, frame)


class GivenImage:
    """The detections of a still image in its metadata file."""

    def __init__(self, path: Path, image: FrameMetadata) -> None:
        self._path, self._image = path, image

    @property
    def files(self) -> Sequence[Path]:
        """The one file."""
        return (self._path,)

    def of(self, frame: Frame) -> list[Detection]:
        """The detections of the image."""
        return _checked(self._image, self._path, frame)


def _checked(found: FrameMetadata, path: Path, frame: Frame) -> list[Detection]:
    size = (found.width, found.height)
    if size != (frame.width, frame.height) and not (found.size_assumed and size[::-1] == (frame.width, frame.height)):
        raise DetectionsFileError(
            f"{path}: frame {found.id}: width, height: is of a picture of {size[0]}x{size[1]} pixels, but the frame "
            f"has {frame.width}x{frame.height}; give detections made at the frame's own size"
        )
    return list(found.detections)


def _first_frame(path: Path) -> int:
    chunk = parse_chunk_file_name(path.name)
    return 0 if chunk is None else chunk.first
