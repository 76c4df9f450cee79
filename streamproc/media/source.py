"""What the frames of a job come from: the seam between a file and all that works on pictures."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, Protocol

from streamproc.media.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from streamproc.media.frame import Frame
    from streamproc.media.mark import Mark
    from streamproc.media.pixels import PixelLayout

FieldOrder = Literal["progressive", "tff", "bff"]
UNSPECIFIED = 2  # of every colour tag, ISO/IEC 23091-4
RGB_MATRIX = 0  # colourspace of planes that are G, B, R


@dataclass(frozen=True)
class SourceInfo:
    """What holds for all frames of one source.

    ``width`` and ``height`` are in pixels, upright. ``time_base`` is seconds a tick, ``rate`` frames a second: a hint
    for encoders, never a clock. ``sample_aspect_ratio`` is that of the upright picture. ``frames_estimate`` comes from
    headers, which lie: it is for progress only. Colour tags are the numbers of ISO/IEC 23091-4. ``codec`` and
    ``container`` are FFmpeg's names; ``audio_codecs`` and ``subtitle_codecs`` those of the streams that lie beside
    the pictures (``unknown`` where FFmpeg has no decoder).
    """

    path: Path
    width: int
    height: int
    layout: PixelLayout
    time_base: Fraction
    rate: Fraction
    sample_aspect_ratio: Fraction = Fraction(1)
    frames_estimate: int | None = None
    colour_primaries: int = UNSPECIFIED
    colour_trc: int = UNSPECIFIED
    colourspace: int = UNSPECIFIED
    full_range: bool = False
    field_order: FieldOrder = "progressive"
    codec: str = "rawvideo"
    container: str = ""
    audio_codecs: tuple[str, ...] = ()
    subtitle_codecs: tuple[str, ...] = ()


@dataclass
class Damage:
    """What had to be skipped or mended while reading; counts only, each event is logged when it happens."""

    corrupt_packets: int = 0
    read_errors: int = 0
    filled_times: int = 0
    repaired_times: int = 0
    converted_frames: int = 0

    def __bool__(self) -> bool:
        return any(vars(self).values())

    def __str__(self) -> str:
        """For people: ``3 corrupt packets, 1 repaired times``; ``none`` when all is well."""
        return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in vars(self).items() if count) or "none"


class Source(Protocol):
    """Frames in presentation order, with strictly increasing times, all of ``info``'s size and layout.

    ``damage`` grows while frames are read. A source is read by one thread at a time.
    """

    @property
    def info(self) -> SourceInfo:
        """What holds for all frames."""
        ...

    @property
    def damage(self) -> Damage:
        """What had to be skipped or mended up to now."""
        ...

    @property
    def sought(self) -> str:
        """How the frames after a mark were found, for people; empty before, and without a mark."""
        ...

    def frames(self, start: int = 0, mark: Mark | None = None) -> Iterator[Frame]:
        """Frames from ordinal ``start`` on; none when the source has no more than ``start``.

        With a ``mark`` of a frame before ``start`` a source may seek, and gives frames only after it has seen the
        marked ones: they are the very frames that reading from the beginning gives. ``damage`` then counts from the
        mark on, if it could seek.

        Each call begins anew and ends the iterator of the call before. Raises SourceDecodeError, also when the marked
        frames are not in the source; ValueError when ``mark`` is not before ``start``.
        """
        ...

    def close(self) -> None:
        """Let go of the file. Closing twice is allowed."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_source(path: Path) -> Source:
    """Open a video file or an animated image.

    Raises SourceNotFoundError, NoPictureError or SourceDecodeError.
    """
    if kind_of(path) == "animated":
        # FFmpeg's wheel has no animated WebP, and gives GIF pictures without their disposal over a background.
        from streamproc.media.animated import AnimatedImage

        return AnimatedImage(path)
    from streamproc.media.video_file import VideoFile

    return VideoFile(path)
