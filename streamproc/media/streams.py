"""What lies beside the pictures: audio, subtitles, fonts, chapters and tags, copied from the source as they are.

Left out always: other pictures (cover art, thumbnails, second cameras), because they show what was not anonymised, and
data streams (GPS tracks, camera telemetry). Left out unless asked for: tags that may name a place, person or device.
"""

from __future__ import annotations

import logging
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING

import av

from streamproc.media.demux import codec_name, open_container, picture_stream, read_packets
from streamproc.media.times import RESTART_SECONDS, WRAP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import OutputContainer
    from av.packet import Packet
    from av.stream import Stream

    from streamproc.media.container import Container

log = logging.getLogger(__name__)

_KEPT_TAGS = frozenset({"title"})
_KEPT_STREAM_TAGS = frozenset({"title", "language", "handler_name"})
_STALE_TAGS = ("rotate", "duration", "bps", "number_of_", "_statistics", "encoder", "vendor_id", "major_brand",
               "minor_version", "compatible_brands")  # fmt: skip
"""Beginnings of names (lower case) that tell of the source's own coding, and would be untrue of the copy."""
_FONTS = ("font/", "application/x-truetype-font", "application/x-font", "application/vnd.ms-opentype")
_FIRST_PACKETS = 256  # among which every audio stream has one, if it has any


class SideStreams:
    """The streams of a source that are copied into an output container, packet by packet.

    ``copied`` and ``left_out`` say which, in words. ``add`` must come before the output's header is written, and
    ``packets`` after it.
    """

    def __init__(self, path: Path) -> None:
        """Open the source. Raises SourceNotFoundError, NoPictureError or SourceDecodeError."""
        self._path = path
        self._container = open_container(path)
        self._film = picture_stream(self._container, path).index
        self._pairs: dict[int, tuple[Stream, Stream]] = {}
        self.copied: list[str] = []
        self.left_out: list[str] = []
        self.damaged = 0

    def close(self) -> None:
        """Let go of the source."""
        self._container.close()

    @property
    def sample_rates(self) -> tuple[int, ...]:
        """Of the audio streams."""
        return tuple(stream.sample_rate for stream in self._container.streams.audio if stream.sample_rate)

    def begin(self) -> Fraction:
        """When the first audio packet is, in seconds: before 0 where audio needs priming; headers do not say so."""
        first: dict[int, Fraction] = {}
        with open_container(self._path) as container:
            audio = container.streams.audio
            if audio:
                for packet in islice(read_packets(container, audio, self._path, lambda: None), _FIRST_PACKETS):
                    first.setdefault(packet.stream.index, (packet.dts or 0) * _time_base(packet.stream))
                    if len(first) == len(audio):
                        break
        return min(first.values(), default=Fraction(0))

    def add(self, output: OutputContainer, film: Stream, form: Container, *, keep_metadata: bool) -> None:
        """Add the streams, chapters and tags to ``output``, whose picture stream is ``film``."""
        source = self._container
        output.metadata.update(_tags(source.metadata, _KEPT_TAGS, keep_metadata=keep_metadata))
        output.set_chapters(
            [chapter | {"metadata": _tags(chapter["metadata"], _KEPT_TAGS, keep_metadata=keep_metadata)}
             for chapter in source.chapters()]
        )  # fmt: skip
        for stream in source.streams:
            if stream.index == self._film:
                copy = film
            elif stream.name == "bin_data" and source.chapters():
                continue  # the track that an mp4 keeps its chapters in
            elif reason := self._reason_against(stream, form):
                self.left_out.append(f"{self._name(stream)}: {reason}")
                continue
            else:
                try:
                    copy = output.add_stream_from_template(stream)
                except (ValueError, av.FFmpegError):
                    self.left_out.append(f"{self._name(stream)}: {form.muxer} cannot hold it")
                    continue
                if stream.type != "attachment":
                    self._pairs[stream.index] = stream, copy
                self.copied.append(self._name(stream))
            copy.disposition = stream.disposition
            copy.metadata.update(_tags(stream.metadata, _KEPT_STREAM_TAGS, keep_metadata=keep_metadata))

    def packets(self, shift: Fraction) -> Iterator[tuple[Fraction, Packet[Stream]]]:
        """(decode time in seconds, packet) in file order, timed for the output, ``shift`` seconds later than there.

        Raises SourceDecodeError when reading fails.
        """
        if not self._pairs:
            return
        clocks = {index: _Clock(source, copy, shift) for index, (source, copy) in self._pairs.items()}
        sources = [source for source, _ in self._pairs.values()]
        for packet in read_packets(self._container, sources, self._path, self._count_damage):
            index = packet.stream.index
            time = clocks[index].set(packet)
            packet.stream = self._pairs[index][1]
            yield time, packet

    def _count_damage(self) -> None:
        self.damaged += 1

    @staticmethod
    def _reason_against(stream: Stream, form: Container) -> str | None:
        codec = codec_name(stream)
        cannot = f"{form.muxer} cannot hold {codec}"
        if stream.type == "video":
            return "its pictures were not anonymised"
        if stream.type == "audio":
            return None if codec in form.audio else cannot
        if stream.type == "subtitle":
            return None if codec in form.subtitles else cannot
        if isinstance(stream, av.stream.AttachmentStream):
            if not (stream.mimetype or "").startswith(_FONTS):
                return f"only fonts are copied, not {stream.mimetype}"
            return None if form.muxer == "matroska" else f"{form.muxer} cannot hold attachments"
        return "data streams may tell where it was filmed"

    @staticmethod
    def _name(stream: Stream) -> str:
        name = stream.name if stream.type in ("attachment", "data") else codec_name(stream)
        language = f" ({stream.language})" if stream.language else ""
        return f"{stream.type} {name or 'unknown'}{language}"


class _Clock:
    """Brings one stream's times into the output's ticks, with decode times that strictly increase.

    A source that counts in milliseconds (Matroska, FLV) gives audio frames times that jitter by a tick; where a frame
    begins within a tick of the end of the one before, it is taken to begin there (as FFmpeg's av_rescale_delta does).
    """

    def __init__(self, source: Stream, copy: Stream, shift: Fraction) -> None:
        self._in, self._out = _time_base(source), _time_base(copy)
        self._shift = shift
        rate = source.sample_rate if isinstance(source, av.AudioStream) else 0
        samples = source.frame_size if isinstance(source, av.AudioStream) else 0
        finer = rate and samples and self._out < self._in
        self._frame = Fraction(samples, rate) / self._out if finer else Fraction(0)
        self._next: Fraction | None = None
        self._last: int | None = None

    def set(self, packet: Packet[Stream]) -> Fraction:
        """Set the packet's times in ticks of the output; gives its decode time in seconds."""
        begin = packet.dts if packet.dts is not None else packet.pts
        lag = 0 if packet.pts is None or packet.dts is None else packet.pts - packet.dts
        length = Fraction((packet.duration or 0) * self._in) / self._out
        if begin is not None:
            exact = (begin * self._in + self._shift) / self._out
        else:
            exact = self._next if self._next is not None else self._shift / self._out
        step = (exact - self._last) * self._out if self._last is not None else Fraction(0)
        if self._last is not None and not -RESTART_SECONDS <= step <= WRAP_SECONDS:
            mended = self._next if self._next is not None else Fraction(self._last + 1)  # the clock started anew
            self._shift += (mended - exact) * self._out
            exact = mended
        if self._frame:
            if self._next is not None and abs(exact - self._next) * self._out <= self._in:
                exact = self._next
            length = self._frame
        self._next = exact + length
        dts = round(exact)
        if self._last is not None and dts <= self._last:
            dts = self._last + 1
        self._last = dts
        packet.time_base = self._out
        packet.dts, packet.pts = dts, dts + round(lag * self._in / self._out)
        packet.duration = round(length)
        return dts * self._out


def _time_base(stream: Stream) -> Fraction:
    return stream.time_base or Fraction(1, 90000)


def _tags(tags: dict[str, str], kept: frozenset[str], *, keep_metadata: bool) -> dict[str, str]:
    if keep_metadata:
        return {name: value for name, value in tags.items() if not name.lower().startswith(_STALE_TAGS)}
    return {name: value for name, value in tags.items() if name.lower() in kept}
