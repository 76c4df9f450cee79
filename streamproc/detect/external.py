"""The detector that finds what a file says: our own metadata, COCO JSON or JSON lines, told apart by content.

For privacy, a picture that the file should speak of and does not is an error, never a picture without objects: a frame
beyond a file that lists every frame, an image that is not named.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from streamproc.detect.detector import DetectorSettings
from streamproc.detect.given import check_size, detection_of
from streamproc.detect.given_coco import read_coco
from streamproc.detect.given_lines import read_lines
from streamproc.detect.given_metadata import MetadataFiles
from streamproc.errors import DetectionsFileError, DetectorError, FormatError
from streamproc.masks.objects import ALL_TYPES
from streamproc.metadata import jsonfile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamproc.detect.detection import Detection
    from streamproc.detect.given import GivenTable, Picture
    from streamproc.masks.objects import ObjectType
    from streamproc.media.frame import Frame

_log = logging.getLogger(__name__)


class Given(Protocol):
    """Detections of one source, from whatever kind of file."""

    @property
    def files(self) -> Sequence[Path]:
        """The files that they stand in."""

    def of(self, frame: Frame) -> list[Detection]:
        """The detections of a frame; raise DetectorError where the files should tell and do not."""


class GivenFiles(Protocol):
    """Files of detections, of one kind, before it is known for which source."""

    def for_video(self, filename: str | None, folder: str | None) -> Given:
        """The detections of a video."""

    def for_image(self, filename: str, folder: str | None) -> Given:
        """The detections of a still image."""


class ExternalDetector:
    """Finds what ``paths`` say: files of metadata of this program, or one COCO or JSON lines file.

    A folder stands for the metadata files in it, and ``folder/name`` for the files ``folder/name-first-last.json``.
    One such detector can serve many sources: ``for_video`` and ``for_image`` give the one of a source, by its file name
    and its folder below the input root, without reading a file anew. As it is, it serves the only video that the files
    can be of. Objects of other types than ``settings`` want, or under its thresholds, are left out.

    Raises DetectionsFileError: which file, which entry, which key.
    """

    name = "external"
    object_types: frozenset[ObjectType] = ALL_TYPES
    licence = "Apache-2.0"
    batch_size = 1

    def __init__(
        self,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        settings: DetectorSettings | None = None,
    ) -> None:
        given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
        self._source = open_given([Path(path) for path in given])
        self._settings = settings or DetectorSettings()
        self._given: Given | None = None
        self._fingerprint = ""

    def for_video(self, filename: str, folder: str | None = None) -> ExternalDetector:
        """The detector of one video; ``folder`` is relative to the input root in POSIX form, None at the root."""
        return self._bound(self._source.for_video(filename, folder))

    def for_image(self, filename: str, folder: str | None = None) -> ExternalDetector:
        """The detector of one still image; ``folder`` as for ``for_video``."""
        return self._bound(self._source.for_image(filename, folder))

    @property
    def fingerprint(self) -> str:
        """sha256 of the files' contents."""
        if not self._fingerprint:
            self._fingerprint = digest(self._bound_given().files)
        return self._fingerprint

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        """The given detections of each frame, by its ordinal."""
        given = self._bound_given()
        try:
            return [[found for found in given.of(frame) if self._wanted(found)] for frame in frames]
        except FormatError as error:
            raise DetectionsFileError(str(error)) from error

    def _wanted(self, found: Detection) -> bool:
        wanted, thresholds = self._settings.types, self._settings.thresholds
        return found.object_type in wanted and found.score >= thresholds.get(found.object_type, 0.0)

    def _bound(self, given: Given) -> ExternalDetector:
        made = object.__new__(ExternalDetector)
        made._source, made._settings, made._given, made._fingerprint = self._source, self._settings, given, ""
        return made

    def _bound_given(self) -> Given:
        if self._given is None:
            self._given = self._source.for_video(None, None)
        return self._given


def open_given(paths: Sequence[Path]) -> GivenFiles:
    """Tell what kind the files are of, and open them. Raises DetectionsFileError."""
    if not paths:
        raise DetectionsFileError("no file of detections was given; name at least one")
    try:
        tables = [table for path in paths if path.is_file() and (table := _table(path)) is not None]
    except FormatError as error:
        raise DetectionsFileError(str(error)) from error
    if not tables:
        return MetadataFiles(paths)
    if len(paths) > 1:
        raise DetectionsFileError(
            f"{tables[0].path}: is a COCO or JSON lines file; give only one, or only metadata files of this program"
        )
    return _TableFiles(tables[0])


def digest(paths: Iterable[Path]) -> str:
    """sha256, in hex, of the files' contents one after another."""
    hashed = hashlib.sha256()
    for path in paths:
        try:
            with path.open("rb") as file:
                hashed.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise DetectionsFileError(f"{path}: cannot be read: {error.strerror}") from error
    return hashed.hexdigest()


def _table(path: Path) -> GivenTable | None:
    """The table of a COCO or JSON lines file; None for metadata. Only as much is read as tells them apart."""
    first = jsonfile.first_character(path)
    if first == "[":
        return None
    if first != "{":
        raise DetectionsFileError(
            f"{path}: is neither metadata of this program (a JSON array or object), nor COCO JSON, nor JSON lines"
        )
    head = list(itertools.islice(jsonfile.objects(path), 2))
    if "images" in head[0] and "annotations" in head[0]:
        return read_coco(path, head[0])
    if len(head) == 1 and isinstance(head[0].get("id"), str) and "detections" in head[0]:
        return None
    return read_lines(path)


class _TableFiles:
    """A COCO or JSON lines file."""

    def __init__(self, table: GivenTable) -> None:
        self._table = table

    def for_video(self, filename: str | None, folder: str | None) -> Given:  # noqa: ARG002  one file, one video
        if self._table.frames.error:
            raise DetectionsFileError(self._table.frames.error)
        return _FrameTable(self._table)

    def for_image(self, filename: str, folder: str | None) -> Given:
        names = self._table.by_name
        wanted = [f"{folder}/{filename}"] if folder else []
        picture = next((names[name] for name in [*wanted, filename] if name in names), None)
        if picture is None:
            # A data set may name its images from another root.
            ends = [name for name in names if name.endswith(f"/{wanted[0] if wanted else filename}")]
            if len(ends) != 1:
                raise DetectionsFileError(
                    f"{self._table.path}: {'names several images' if ends else 'names no image'} {filename}; an image "
                    "without objects needs an entry too, by its file name"
                )
            picture = names[ends[0]]
        return _OneImage(self._table, picture)


class _FrameTable:
    """The detections of a video's frames in a table."""

    def __init__(self, table: GivenTable) -> None:
        self._table = table
        self._last = max(table.frames.pictures, default=-1)
        self._warned = False

    @property
    def files(self) -> Sequence[Path]:
        return (self._table.path,)

    def of(self, frame: Frame) -> list[Detection]:
        picture = self._table.frames.pictures.get(frame.ordinal)
        if picture is not None:
            return _detections(self._table.path, picture, frame)
        if self._table.frames.complete:
            raise missing(self._table.path, frame, self._last)
        if frame.ordinal > self._last and not self._warned:
            self._warned = True
            _log.warning("%s: gives nothing for frame %d or any later one", self._table.path, frame.ordinal)
        return []


class _OneImage:
    """The detections of a still image in a table."""

    def __init__(self, table: GivenTable, picture: Picture) -> None:
        self._table, self._picture = table, picture

    @property
    def files(self) -> Sequence[Path]:
        return (self._table.path,)

    def of(self, frame: Frame) -> list[Detection]:
        return _detections(self._table.path, self._picture, frame)


def missing(path: Path, frame: Frame, last: int) -> DetectorError:
    """The error for a frame that a file which lists every frame leaves out."""
    end = f"ends with frame {last}" if frame.ordinal > last else "leaves it out"
    return DetectorError(
        f"frame {frame.ordinal} (time {float(frame.time):.3f} s): {path} lists the video's frames and {end}; "
        "is it of another video, or is a file missing?"
    )


def _detections(path: Path, picture: Picture, frame: Frame) -> list[Detection]:
    check_size(path, picture, frame.width, frame.height)
    made = [detection_of(given, path, picture, frame.width, frame.height) for given in picture.objects]
    outside = made.count(None)
    if outside:
        _log.warning("%s: %s: %d objects lie outside the picture and are left out", path, picture.place, outside)
    return [detection for detection in made if detection is not None]
