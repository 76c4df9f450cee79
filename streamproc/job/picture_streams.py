"""Pictures of results, read frame by frame for checking: videos, mask videos, folders of mask PNG files, images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from streamproc.errors import FormatError, SourceDecodeError
from streamproc.masks.png import read_mask_png
from streamproc.media.source import open_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack
    from fractions import Fraction
    from pathlib import Path

    from numpy.typing import NDArray

    from streamproc.job.output_folder import Masks
    from streamproc.media.source import Source

    Plane = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture: its planes, of a mask (binary) or (R, G, B), none for a video, whose samples are not looked at.

    ``size`` is (width, height) in pixels; ``time`` in seconds, None for files without time.
    """

    size: tuple[int, int]
    planes: tuple[Plane, ...] = ()
    time: Fraction | None = None


class Stream(Protocol):
    """The pictures of one video, read along with its metadata."""

    path: Path

    def next(self, ordinal: int) -> Picture | None:
        """The next picture, that of frame ``ordinal``; None after the last. Raises SourceError, FormatError."""

    def count_all(self) -> int:
        """How many pictures there are in all; what was not read yet is read for it."""


class VideoStream:
    """A video file; of a mask video of 1 or 3 ``channels`` the planes are given too."""

    def __init__(self, path: Path, source: Source, channels: int) -> None:
        self.path = path
        self.time_base = source.info.time_base
        self._channels = channels
        self._frames = source.frames()
        self._count = 0

    def next(self, ordinal: int) -> Picture | None:  # noqa: ARG002  a video's pictures come in order
        """The next picture."""
        frame = next(self._frames, None)
        if frame is None:
            return None
        self._count += 1
        planes: tuple[Plane, ...] = ()
        if self._channels == 1:
            planes = (frame.planes[0].view(np.uint8),)
        elif self._channels == 3:
            green, blue, red = (plane.view(np.uint8) for plane in frame.planes)
            planes = red, green, blue
        return Picture((frame.width, frame.height), planes, frame.time)

    def count_all(self) -> int:
        """Decode what is left and count."""
        self._count += sum(1 for _ in self._frames)
        return self._count


class PngFolder:
    """A folder of mask PNG files named by their frames' ordinals, six digits or more."""

    def __init__(self, path: Path, channels: int) -> None:
        self.path = path
        self._channels = channels

    def next(self, ordinal: int) -> Picture | None:
        """The mask of frame ``ordinal``."""
        return read_png(self.path / f"{ordinal:06d}.png", self._channels)

    def count_all(self) -> int:
        """How many PNG files there are."""
        return sum(1 for path in self.path.iterdir() if path.suffix == ".png")


def open_stream(path: Path, channels: int, stack: ExitStack) -> Stream:
    """Open a video (``channels`` 0), or a mask video or folder: 1 channel (binary) or 3; ``stack`` closes it.

    Raises SourceError, and FormatError where a mask video's pixel format cannot hold its values exactly.
    """
    if path.is_dir():
        return PngFolder(path, channels)
    source = stack.enter_context(open_source(path))
    layout = source.info.layout
    # FFmpeg's decoder gives gray H.264 as yuv420p: its luma is the mask.
    if (channels == 1 and (layout.bits != 8 or layout.rgb)) or (channels == 3 and layout.name != "gbrp"):
        expected = "gray or 8-bit YUV" if channels == 1 else "gbrp"
        raise FormatError(f"is a mask video in {layout.name}, which is not exact; expected {expected}")
    return VideoStream(path, source, channels)


def read_png(path: Path, channels: int) -> Picture:
    """A mask PNG file with 1 (binary) or 3 (instance) channels. Raises SourceError, FormatError."""
    pixels = read_mask_png(path)
    found = 1 if pixels.ndim == 2 else pixels.shape[2]
    if found != channels:
        raise FormatError(f"{path}: has {found} channels; expected {channels}")
    planes = (pixels,) if channels == 1 else tuple(pixels[..., channel] for channel in range(3))
    return Picture((pixels.shape[1], pixels.shape[0]), planes)


def image_size(path: Path) -> tuple[int, int]:
    """(width, height) of an image as it is shown, turned by its orientation tag. Raises SourceDecodeError."""
    from PIL import ExifTags, Image

    try:
        with Image.open(path) as image:
            width, height = image.size
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise SourceDecodeError(f"{path}: cannot be read: {error}") from error
    return (height, width) if turned else (width, height)


def image_masks(masks: Masks) -> Sequence[Picture | None]:
    """The binary and the instance mask of an image, None where there is none. Raises SourceError, FormatError."""
    return [
        None if path is None else read_png(path, channels)
        for path, channels in ((masks.binary, 1), (masks.instance, 3))
    ]
