"""One open film file: its pictures in presentation order, each with where it was read; and moving about in it."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, cast

import av
from av.codec.context import ThreadType
from av.stream import Discard

from streamproc.media.demux import open_container, picture_stream, read_packets, reason
from streamproc.media.mark import END, Trace

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from av.packet import Packet
    from av.video.stream import VideoStream

    from streamproc.media.source import Damage

log = logging.getLogger(__name__)

_KEYS = 32  # key packets remembered: more than a decoder can lag behind where every packet is one


class Decoded(NamedTuple):
    """A picture as the decoder gave it, its trace, and the last key packet that is shown at or before it."""

    picture: av.VideoFrame
    trace: Trace
    key: Trace | None


class Decoder:
    """A film file and ``pictures``: every picture that the decoder gives, in presentation order.

    ``container.decode`` of PyAV would end the film at the first damaged packet. While ``damage`` is None, what is
    damaged is neither counted nor told.
    """

    def __init__(self, path: Path, damage: Damage) -> None:
        """Open ``path``. Raises SourceNotFoundError, NoPictureError, SourceDecodeError."""
        self._path = path
        self.damage: Damage | None = damage
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
        self.pictures = self._pictures(None)

    def close(self) -> None:
        """Let go of the file. Closing twice is allowed."""
        self.pictures.close()
        self.container.close()

    def seek(self, ticks: int, latest: int | None) -> None:
        """Let ``pictures`` begin anew at a key packet near ``ticks`` of the stream, as FFmpeg understands near.

        There are no pictures when reading would begin after the byte ``latest``. The decoder is flushed and not made
        anew: so it keeps what it learnt at the beginning of the file (reorder depth, the encoder's name, headers that
        are not repeated), as it would have in reading on. Raises av.FFmpegError.
        """
        self.pictures.close()
        self.container.seek(ticks, stream=self.stream)  # flushes the decoder too
        self.pictures = self._pictures(latest)

    def _pictures(self, latest: int | None) -> Generator[Decoded]:
        keys: deque[Trace] = deque(maxlen=_KEYS)
        for packet in self._packets():
            if packet is None:
                position: int | None = END
            else:
                position = packet.pos
                if latest is not None and position is not None and position > latest:
                    return
                latest = None
                if packet.is_keyframe:
                    keys.append(Trace(packet.pts, packet.dts, packet.duration or 0, position))
            try:
                decoded = self.stream.decode(packet)
            except av.FFmpegError as error:
                self._count_corrupt(packet, error)
                continue
            for picture in decoded:
                trace = Trace(picture.pts, picture.dts, picture.duration, position)
                yield Decoded(picture, trace, _last_before(keys, trace))

    def _packets(self) -> Iterator[Packet[VideoStream] | None]:
        """Packets of the film, then None, which drains the decoder."""
        packets = read_packets(self.container, (self.stream,), self._path, self._count_read_error)
        yield from cast("Iterator[Packet[VideoStream]]", packets)
        yield None

    def _count_corrupt(self, packet: Packet[VideoStream] | None, error: av.FFmpegError) -> None:
        if self.damage is not None:
            self.damage.corrupt_packets += 1
            log.warning("%s: %s cannot be decoded: %s; skipped", self._path, self._where(packet), reason(error))

    def _count_read_error(self) -> None:
        if self.damage is not None:
            self.damage.read_errors += 1

    def _where(self, packet: Packet[VideoStream] | None) -> str:
        time = None if packet is None else packet.dts if packet.pts is None else packet.pts
        if time is None or self.stream.time_base is None:
            return "a packet"
        return f"the packet at {float(time * self.stream.time_base):.3f} s"


def _last_before(keys: deque[Trace], trace: Trace) -> Trace | None:
    time = trace.time
    if time is None:
        return None
    return next((key for key in reversed(keys) if key.time is not None and key.time <= time), None)
