"""Checks an output folder: metadata, masks and video against each other. Frames are read in step, one at a time."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streamproc.errors import FormatError, SourceError
from streamproc.job.mask_checks import Hidden, check_binary, check_instance, is_legacy, size_problem
from streamproc.job.output_folder import ImageResult, Unreadable, results_in
from streamproc.job.picture_streams import VideoStream, image_masks, image_size, open_stream
from streamproc.metadata import jsonfile
from streamproc.metadata.accumulator import parse_chunk_file_name
from streamproc.metadata.parse import parse_record
from streamproc.metadata.validation import Problem, check_image, check_series, exact_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from streamproc.job.output_folder import Masks, VideoResult
    from streamproc.job.picture_streams import Picture, Stream
    from streamproc.metadata.parse import FrameMetadata
    from streamproc.metadata.records import Record

__all__ = ["Checked", "Problem", "Validation", "ValidationResult", "validate"]


@dataclass(slots=True)
class Checked:
    """How much was checked. ``hidden`` detections have a colour of which no pixel shows by itself in the mask."""

    files: int = 0
    frames: int = 0
    images: int = 0
    detections: int = 0
    videos: int = 0
    masks: int = 0
    hidden: int = 0

    def __str__(self) -> str:
        """For people: ``3 files, 1200 frames, 4031 detections, 1 video, 2 masks``."""
        counts = [(self.files, "file"), (self.frames, "frame"), (self.images, "image"), (self.detections, "detection")]
        counts += [(self.videos, "video"), (self.masks, "mask")]
        return ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts if count) or "nothing"


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """All problems found, and how much was checked."""

    problems: list[Problem] = field(default_factory=list)
    checked: Checked = field(default_factory=Checked)


def validate(out: Path) -> ValidationResult:
    """Check everything below ``out``. Raises MissingExtraError without the package ``jsonschema``."""
    validation = Validation(out)
    return ValidationResult(list(validation.problems()), validation.checked)


class Validation:
    """A check of the output folder ``out``; ``checked`` grows while ``problems`` is iterated."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.checked = Checked()
        self._hidden = Hidden()

    def problems(self) -> Iterator[Problem]:
        """All that is wrong, as it is found."""
        for result in results_in(self.out):
            if isinstance(result, Unreadable):
                self.checked.files += 1
                yield _unreadable(result.file, None, result.error)
            elif isinstance(result, ImageResult):
                yield from self._image(result)
            else:
                yield from self._video(result)
            self.checked.hidden = self._hidden.count

    def _image(self, result: ImageResult) -> Iterator[Problem]:
        self.checked.files += 1
        self.checked.images += 1
        yield from check_image(result.file)
        try:
            record = next(jsonfile.objects(result.file))
            frame = parse_record(record, result.file)
        except FormatError:
            return  # check_image said so
        self.checked.detections += len(frame.detections)
        picture = result.file.parent / str(frame.filename or frame.id)
        try:
            # With method detect there may be metadata and masks and no picture.
            size = image_size(picture) if picture.is_file() else None
            binary, instance = image_masks(result.masks)
        except (SourceError, FormatError) as error:
            yield Problem(result.file, frame.id, None, str(error))
            return
        if size is not None and size != (frame.width, frame.height):
            yield Problem(result.file, frame.id, "width, height", _other_size(frame, picture, size))
        self.checked.masks += (binary is not None) + (instance is not None)
        yield from self._masks(frame, result.masks, binary, instance, legacy=is_legacy(record))

    def _video(self, result: VideoResult) -> Iterator[Problem]:
        self.checked.files += len(result.files)
        yield from check_series(result.files, live=result.live)
        legacy = any(is_legacy(record) for record in _records(result.files))
        for files, video, masks in result.parts:
            with contextlib.ExitStack() as stack:
                streams: list[Stream | None] = []
                for path, channels in ((video, 0), (masks.binary, 1), (masks.instance, 3)):
                    try:
                        streams.append(None if path is None else open_stream(path, channels, stack))
                    except (SourceError, FormatError) as error:
                        streams.append(None)
                        yield _unreadable(path or result.files[0], None, error)
                self.checked.videos += streams[0] is not None
                self.checked.masks += sum(stream is not None for stream in streams[1:])
                yield from self._in_step(files, masks, streams, legacy=legacy, live=result.live)

    def _in_step(
        self, files: Sequence[Path], masks: Masks, streams: Sequence[Stream | None], *, legacy: bool, live: bool
    ) -> Iterator[Problem]:
        count = 0
        for path, ordinal, record, frame in _frames(files):
            count += 1
            self.checked.frames += 1
            pictures: list[Picture | None] = []
            for stream in streams:
                try:
                    pictures.append(None if stream is None else stream.next(ordinal))
                except (SourceError, FormatError) as error:
                    pictures.append(None)
                    yield _unreadable(stream.path if stream else path, ordinal, error)
            if frame is None:
                continue
            self.checked.detections += len(frame.detections)
            for stream, picture in zip(streams, pictures, strict=True):
                if isinstance(stream, VideoStream) and picture is not None and not live:
                    yield from _check_time(stream, picture, record, ordinal)
            picture, binary, instance = pictures
            if picture is not None and streams[0] is not None and picture.size != (frame.width, frame.height):
                yield Problem(path, ordinal, "width, height", _other_size(frame, streams[0].path, picture.size))
            yield from self._masks(frame, masks, binary, instance, legacy=legacy)
        for stream in streams:
            if stream is not None:
                yield from _check_count(stream, count)

    def _masks(
        self, frame: FrameMetadata, paths: Masks, binary: Picture | None, instance: Picture | None, *, legacy: bool
    ) -> Iterator[Problem]:
        for path, picture in ((paths.binary, binary), (paths.instance, instance)):
            wrong = None if picture is None else size_problem(frame, *picture.size)
            if path is not None and wrong is not None:
                yield Problem(path, frame.id, None, wrong)
                return
        if paths.instance is not None and instance is not None:
            for key, message in check_instance(frame, *instance.planes, legacy=legacy, hidden=self._hidden):
                yield Problem(paths.instance, frame.id, key, message)
        if paths.binary is not None and binary is not None:
            beside = None
            if instance is not None and instance.size == binary.size:
                beside = instance.planes[1], instance.planes[2]
            elif instance is not None:
                yield Problem(paths.binary, frame.id, None, "has another size than the instance mask")
            for key, message in check_binary(frame, binary.planes[0], beside, legacy=legacy):
                yield Problem(paths.binary, frame.id, key, message)


def _records(files: Sequence[Path]) -> Iterator[Record]:
    """The records of those of ``files`` that can be read."""
    for path in files:
        with contextlib.suppress(FormatError):  # check_series said so
            yield from jsonfile.objects(path)


def _frames(files: Sequence[Path]) -> Iterator[tuple[Path, int, Record, FrameMetadata | None]]:
    """The records of ``files``: file, ordinal by the file's name, record, and its meaning, None where it has none.

    What is wrong with them is for ``check_series`` to say.
    """
    for path in files:
        chunk = parse_chunk_file_name(path.name)
        first = 0 if chunk is None else chunk.first
        try:
            for ordinal, record in enumerate(jsonfile.objects(path), first):
                try:
                    frame = parse_record(record, path)
                except FormatError:
                    frame = None
                yield path, ordinal, record, frame
        except FormatError:
            continue


def _check_time(stream: VideoStream, picture: Picture, record: Record, ordinal: int) -> Iterator[Problem]:
    """The times are equal if they differ by less than one tick of the container, which may be coarser."""
    expected = exact_time(record)
    if expected is not None and picture.time is not None and abs(picture.time - expected) >= stream.time_base:
        yield Problem(
            stream.path,
            ordinal,
            "pts",
            f"is shown at {float(picture.time):.6f} s, and the metadata says {float(expected):.6f} s",
        )


def _check_count(stream: Stream, count: int) -> Iterator[Problem]:
    try:
        found = stream.count_all()
    except (SourceError, FormatError) as error:
        yield _unreadable(stream.path, None, error)
        return
    if found != count:
        yield Problem(stream.path, None, None, f"has {found} frames, and the metadata {count}")


def _other_size(frame: FrameMetadata, path: Path, size: tuple[int, int]) -> str:
    return f"{frame.width}x{frame.height}, but {path.name} has {size[0]}x{size[1]} pixels"


def _unreadable(path: Path, frame: int | str | None, error: Exception) -> Problem:
    return Problem(path, frame, None, str(error).removeprefix(f"{path}: "))
