"""Frames of a video file through FFmpeg: all of them, upright, with exact increasing times."""

from __future__ import annotations

import logging
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING

import av

from streamproc.errors import SourceDecodeError
from streamproc.media.decoder import Decoder
from streamproc.media.demux import codec_name
from streamproc.media.frame import Frame, reformatter, to_layout
from streamproc.media.mark import Origin, as_marked, check_order, picture_digest
from streamproc.media.pixels import working_layout
from streamproc.media.seek import seek_after
from streamproc.media.source import RGB_MATRIX, Damage, SourceInfo
from streamproc.media.times import TimeRepair
from streamproc.media.upright import make_upright, turn_of, turned_layout

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from av.video.stream import VideoStream

    from streamproc.media.decoder import Decoded
    from streamproc.media.mark import Mark
    from streamproc.media.source import FieldOrder
    from streamproc.media.upright import Turn

log = logging.getLogger(__name__)

# AVFieldOrder TT, BB, TB, BT. Its header reads TB as "bottom shown first", but FFmpeg writes it for top field first.
_FIELD_ORDERS: dict[int, FieldOrder] = {2: "tff", 3: "bff", 4: "tff", 5: "bff"}
_DEFAULT_RATE = Fraction(25)


class VideoFile:
    """A ``Source`` over a file that FFmpeg can demux.

    A damaged packet is counted and skipped, never the end of the file. The turn that the first frame asks for holds
    for the whole film, and so do its size and pixel format: later frames that differ are scaled to them.
    """

    def __init__(self, path: Path) -> None:
        """Open ``path`` and decode its first frame. Raises SourceNotFoundError, NoPictureError, SourceDecodeError."""
        self._path = path
        self.damage = Damage()
        self.sought = ""
        self._decoder = Decoder(path, self.damage)
        try:
            decoded = next(self._decoder.pictures, None)
            if decoded is None:
                raise SourceDecodeError(f"{path}: not one frame can be decoded ({self.damage}); check the file")
            first = decoded.picture
            self._turn = turn_of(first)
            self._coded = Frame.from_native(first, 0, 0, Fraction(1))
            self.info = self._describe(first)
        except BaseException:
            self._decoder.close()
            raise
        self._first: Decoded | None = decoded
        self._running: Generator[Frame] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. Closing twice is allowed."""
        if self._running is not None:
            self._running.close()
        self._first = None
        self._decoder.close()

    def frames(self, start: int = 0, mark: Mark | None = None) -> Iterator[Frame]:
        """Frames from ordinal ``start`` on, decoded from the film's beginning, or from a seek that ``mark`` proves.

        Raises SourceDecodeError when the file cannot be read any further, or does not hold the marked frames.
        """
        check_order(mark, start)
        first, self._first = self._first, None
        if first is None:
            self.close()
            self.damage = Damage()
            self._decoder = Decoder(self._path, self.damage)
        elif mark is not None:
            self.damage = Damage()
        self.sought = ""
        self._running = self._from_beginning(first, start) if mark is None else self._after(mark, start)
        return self._running

    def _from_beginning(self, first: Decoded | None, start: int) -> Generator[Frame]:
        pictures: Iterator[Decoded] = self._decoder.pictures
        if first is not None:  # the file is as __init__ left it
            pictures = chain((first,), pictures)
        yield from self._frames(pictures, 0, start, self._repair())

    def _after(self, mark: Mark, start: int) -> Generator[Frame]:
        self._decoder.damage = None  # up to the mark it was told before the job was interrupted
        tries = seek_after(self._decoder, mark, self._digest)
        if tries is None:
            self.sought = "decoded from the start, because no seek could be proven right"
        else:
            self.sought = "sought" if tries == 1 else f"sought in {tries} tries"
        time = float(mark.ticks * self.info.time_base)
        log.info("%s: goes on after frame %d (%.3f s): %s", self._path, mark.ordinal, time, self.sought)
        if tries is None:
            self._decoder.close()
            self._decoder = Decoder(self._path, self.damage)
            frames = self._frames(self._decoder.pictures, 0, mark.first, self._repair())
            yield from as_marked(frames, mark, start, self._path)
        else:
            self._decoder.damage = self.damage
            repair = self._repair()
            repair.go_on(mark.ticks, mark.traces[-1].duration, mark.shift)
            yield from self._frames(self._decoder.pictures, mark.ordinal + 1, start, repair)

    def _repair(self) -> TimeRepair:
        return TimeRepair(self.info.time_base, self.info.rate, self.damage, str(self._path))

    def _frames(self, pictures: Iterator[Decoded], first: int, start: int, repair: TimeRepair) -> Generator[Frame]:
        """Frames of ``pictures``, which begin with frame ``first``, from ``start`` on."""
        base = self.info.time_base
        for ordinal, (picture, trace, key) in enumerate(pictures, first):
            pts = repair(trace.pts, trace.dts, trace.duration, ordinal)
            if ordinal >= start:
                self._count_conversion(picture, ordinal, pts)
                yield Frame(self._working(picture), ordinal, pts, base, Origin(trace, key, repair.shift))
        if self.damage:
            log.warning("%s: read to its end; damage: %s", self._path, self.damage)

    def _digest(self, picture: av.VideoFrame) -> str:
        return picture_digest(Frame(self._working(picture), 0, 0, self.info.time_base))

    def _differs(self, picture: av.VideoFrame) -> bool:
        coded = self._coded
        layout = working_layout(picture.format.name)
        return (picture.width, picture.height, layout) != (coded.width, coded.height, coded.layout)

    def _count_conversion(self, picture: av.VideoFrame, ordinal: int, pts: int) -> None:
        if not self._differs(picture):
            return
        if not self.damage.converted_frames:
            coded = self._coded
            log.warning(
                "%s: frame %d (%.3f s) is %dx%d %s but the film began as %dx%d %s; frames that differ are scaled",
                self._path, ordinal, pts * self.info.time_base, picture.width, picture.height, picture.format.name,
                coded.width, coded.height, coded.layout.name,
            )  # fmt: skip
        self.damage.converted_frames += 1

    def _working(self, picture: av.VideoFrame) -> av.VideoFrame:
        """``picture`` in the film's size and layout, upright."""
        coded = self._coded
        if self._differs(picture):
            picture = reformatter().reformat(picture, coded.width, coded.height, coded.layout.name, threads=1)
        else:
            picture = to_layout(picture, coded.layout)
        return make_upright(picture, self._turn) if self._turn else picture

    def _describe(self, first: av.VideoFrame) -> SourceInfo:
        container, stream, turn = self._decoder.container, self._decoder.stream, self._turn
        layout = turned_layout(self._coded.layout, turn)
        size = self._coded.width, self._coded.height
        aspect = stream.sample_aspect_ratio or Fraction(1)
        time_base = stream.time_base
        rate = stream.average_rate or stream.guessed_rate or _DEFAULT_RATE
        if time_base is None:
            raise SourceDecodeError(f"{self._path}: its video has no time base; remux the file")
        seconds = stream.duration * time_base if stream.duration else Fraction(container.duration or 0, av.time_base)
        return SourceInfo(
            path=self._path,
            width=size[1] if turn.transpose else size[0],
            height=size[0] if turn.transpose else size[1],
            layout=layout,
            time_base=time_base,
            rate=rate,
            sample_aspect_ratio=1 / aspect if turn.transpose else aspect,
            frames_estimate=stream.frames or round(seconds * rate) or None,
            colour_primaries=first.color_primaries,
            colour_trc=first.color_trc,
            colourspace=RGB_MATRIX if layout.rgb else first.colorspace,
            full_range=self._coded.full_range,
            field_order=_field_order(first, stream, turn),
            codec=codec_name(stream),
            container=container.format.name,
            audio_codecs=tuple(codec_name(other) for other in container.streams.audio),
            subtitle_codecs=tuple(codec_name(other) for other in container.streams.subtitles),
        )


def _field_order(first: av.VideoFrame, stream: VideoStream, turn: Turn) -> FieldOrder:
    if not first.interlaced_frame or turn.transpose:  # on its side a field is every other column: no format holds that
        return "progressive"
    # Where the header does not tell, top first is the likelier; encoders go by each frame's own flag in any case.
    order = _FIELD_ORDERS.get(stream.codec_context.field_order, "tff")
    if turn.mirror_y:
        return "bff" if order == "tff" else "tff"
    return order
