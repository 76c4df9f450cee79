"""Frames of a video file through FFmpeg: all of them, upright, with exact increasing times."""

from __future__ import annotations

import logging
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, cast

import av
from av.codec.context import ThreadType
from av.stream import Discard

from streamproc.errors import SourceDecodeError
from streamproc.media.demux import codec_name, open_container, picture_stream, read_packets, reason
from streamproc.media.frame import Frame, reformatter, to_layout
from streamproc.media.pixels import working_layout
from streamproc.media.source import RGB_MATRIX, Damage, SourceInfo
from streamproc.media.times import TimeRepair
from streamproc.media.upright import make_upright, turn_of, turned_layout

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from av.packet import Packet
    from av.video.stream import VideoStream

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
        self._decoder = _Decoder(path, self.damage)
        try:
            first = next(self._decoder.pictures, None)
            if first is None:
                raise SourceDecodeError(f"{path}: not one frame can be decoded ({self.damage}); check the file")
            self._turn = turn_of(first)
            self._coded = Frame.from_native(first, 0, 0, Fraction(1))
            self.info = self._describe(first)
        except BaseException:
            self._decoder.close()
            raise
        self._first: av.VideoFrame | None = first
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

    def frames(self, start: int = 0) -> Iterator[Frame]:
        """Frames from ordinal ``start`` on. The film is always decoded from its beginning: a seek cannot be trusted.

        Raises SourceDecodeError when the file cannot be read any further.
        """
        first, self._first = self._first, None
        if first is None:
            self.close()
            self.damage = Damage()
            self._decoder = _Decoder(self._path, self.damage)
            pictures: Iterator[av.VideoFrame] = self._decoder.pictures
        else:  # the file is as __init__ left it
            pictures = chain((first,), self._decoder.pictures)
        self._running = self._frames(pictures, start)
        return self._running

    def _frames(self, pictures: Iterator[av.VideoFrame], start: int) -> Generator[Frame]:
        info = self.info
        repair = TimeRepair(info.time_base, info.rate, self.damage, str(self._path))
        for ordinal, picture in enumerate(pictures):
            pts = repair(picture.pts, picture.dts, picture.duration, ordinal)
            if ordinal >= start:
                yield Frame(self._working(picture, ordinal, pts), ordinal, pts, info.time_base)
        if self.damage:
            log.warning("%s: read to its end; damage: %s", self._path, self.damage)

    def _working(self, picture: av.VideoFrame, ordinal: int, pts: int) -> av.VideoFrame:
        """``picture`` in the film's size and layout, upright."""
        layout, coded = working_layout(picture.format.name), self._coded
        if (picture.width, picture.height, layout) == (coded.width, coded.height, coded.layout):
            picture = to_layout(picture, layout)
        else:
            if not self.damage.converted_frames:
                log.warning(
                    "%s: frame %d (%.3f s) is %dx%d %s but the film began as %dx%d %s; frames that differ are scaled",
                    self._path, ordinal, pts * self.info.time_base, picture.width, picture.height, layout.name,
                    coded.width, coded.height, coded.layout.name,
                )  # fmt: skip
            self.damage.converted_frames += 1
            picture = reformatter().reformat(picture, coded.width, coded.height, coded.layout.name, threads=1)
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


class _Decoder:
    """One pass over a file: its picture stream, and every picture that the decoder gives, in presentation order.

    ``container.decode`` of PyAV would end the film at the first damaged packet.
    """

    def __init__(self, path: Path, damage: Damage) -> None:
        self._path = path
        self._damage = damage
        self.container = open_container(path)
        try:
            self.stream = picture_stream(self.container, path)
        except BaseException:
            self.container.close()
            raise
        for other in self.container.streams:
            if other.index != self.stream.index:
                other.discard = Discard.all
        # Frame threads end a truncated file silently short: PyAV cannot go on receiving after an error in the flush.
        # They decode a quarter faster on two cores, which is nothing beside an encoder that takes ten times as long.
        self.stream.thread_type = ThreadType.SLICE
        self.pictures = self._pictures()

    def close(self) -> None:
        self.pictures.close()
        self.container.close()

    def _pictures(self) -> Generator[av.VideoFrame]:
        for packet in self._packets():
            try:
                decoded = self.stream.decode(packet)
            except av.FFmpegError as error:
                self._damage.corrupt_packets += 1
                log.warning("%s: %s cannot be decoded: %s; skipped", self._path, self._where(packet), reason(error))
                continue
            yield from decoded

    def _packets(self) -> Iterator[Packet[VideoStream] | None]:
        """Packets of the film, then None, which drains the decoder."""
        packets = read_packets(self.container, (self.stream,), self._path, self._count_read_error)
        yield from cast("Iterator[Packet[VideoStream]]", packets)
        yield None

    def _count_read_error(self) -> None:
        self._damage.read_errors += 1

    def _where(self, packet: Packet[VideoStream] | None) -> str:
        time = None if packet is None else packet.dts if packet.pts is None else packet.pts
        if time is None or self.stream.time_base is None:
            return "a packet"
        return f"the packet at {float(time * self.stream.time_base):.3f} s"


def _field_order(first: av.VideoFrame, stream: VideoStream, turn: Turn) -> FieldOrder:
    if not first.interlaced_frame or turn.transpose:  # on its side a field is every other column: no format holds that
        return "progressive"
    # Where the header does not tell, top first is the likelier; encoders go by each frame's own flag in any case.
    order = _FIELD_ORDERS.get(stream.codec_context.field_order, "tff")
    if turn.mirror_y:
        return "bff" if order == "tff" else "tff"
    return order
