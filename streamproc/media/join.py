"""The final film: parts joined without re-encoding, with the times of the source, and its other streams beside.

Decode times cannot be taken from the parts: with B-frames and variable frame rate those of one part begin before those
of the last have ended. They are assigned anew over the whole film: the sorted presentation times, later by the reorder
depth D. A packet at coding position n shows the picture of rank r >= n - D, so its decode time, the presentation time
of rank n - D, is never later than its own; and both rise strictly.

One limit is known: FFmpeg before 6 gives up all presentation times of an mp4 where one is 2**28 ticks or more after its
decode time, as it is around a pause of 50 minutes at 90,000 ticks a second (6 hours at 12,800).
"""

from __future__ import annotations

import logging
import math
from array import array
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
from av.container.core import Flags

from streamproc.errors import EncodeError, OutputChangedError
from streamproc.media.container import muxer_for, plain_rate, timescale
from streamproc.media.demux import codec_name, open_container, reason
from streamproc.media.streams import SideStreams

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from av.container import OutputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

    from streamproc.media.container import Container
    from streamproc.media.source import SourceInfo

log = logging.getLogger(__name__)

_QUICKTIME = ("mp4", "mov", "3gp")
_UNSIGNED = ("mpegts", "flv")
_FIELD_ORDER_NUMBERS = {"progressive": 1, "tff": 2, "bff": 3}  # AVFieldOrder


@dataclass(frozen=True)
class JoinReport:
    """What a join made. ``copied`` and ``left_out`` name streams, the latter with the reason.

    ``rounded`` counts frames whose time the container's clock cannot hold exactly. ``shift`` is how much later, in
    seconds, all streams begin than in the source; not 0 only where the container has no times before its beginning.
    """

    frames: int
    copied: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    rounded: int = 0
    shift: Fraction = Fraction(0)


def join(
    parts: Sequence[Path],
    ticks: Sequence[Sequence[int]],
    info: SourceInfo,
    output: Path,
    *,
    suffix: str | None = None,
    streams_from: Path | None = None,
    keep_metadata: bool = False,
    faststart: bool = True,
) -> JoinReport:
    """Write the film ``output`` from ``parts``, in their order.

    ``ticks`` holds for each part the times of all its frames in presentation order, in ticks of ``info.time_base``,
    strictly increasing over the film. ``suffix`` (".mkv") says which container to write; without it ``output`` does.
    ``streams_from`` is the file to copy audio, subtitles, chapters and tags from. ``faststart`` puts the index of an
    mp4 first, so that it plays while it loads, at the price of writing it twice.

    Raises EncodeError (parts that do not belong together, an output that cannot be written), OutputChangedError (a
    part with another number of frames than ``ticks``), and the source's errors for ``streams_from``.
    """
    form = muxer_for(output.with_suffix(suffix) if suffix else output)
    # Frames from memory have no file, whatever they are called.
    side = SideStreams(streams_from) if streams_from is not None and info.container else None
    try:
        begin = side.begin() if side is not None and form.muxer in _UNSIGNED else Fraction(0)
        film = _Film(parts, ticks, info, form, begin)
        with _open(output, info, form, film, side, keep_metadata=keep_metadata, faststart=faststart) as container:
            with open_container(parts[0]) as first:
                stream = _add_film(container, first.streams.video[0], info, form, film.time_base)
            if side is not None:
                side.add(container, stream, form, keep_metadata=keep_metadata)
            container.start_encoding()
            _mux(container, stream, film, side)
    except av.FFmpegError as error:
        output.unlink(missing_ok=True)
        raise EncodeError(f"{output}: cannot be written: {reason(error)}") from error
    except BaseException:
        output.unlink(missing_ok=True)
        raise
    finally:
        if side is not None:
            side.close()
    if film.rounded:
        log.warning(
            "%s: the times of %d frames are rounded to 1/%d s, the clock of %s",
            output,
            film.rounded,
            form.ticks,
            form.muxer,
        )
    copied, left_out = (tuple(side.copied), tuple(side.left_out)) if side is not None else ((), ())
    return JoinReport(film.frames, copied, left_out, film.rounded, film.shift)


class _Film:
    """All parts as one film: for every packet, in coding order, its times in ticks of ``time_base``."""

    def __init__(
        self,
        parts: Sequence[Path],
        ticks: Sequence[Sequence[int]],
        info: SourceInfo,
        form: Container,
        side_begin: Fraction,
    ) -> None:
        self._parts = parts
        self.time_base = Fraction(1, form.ticks or timescale(info.time_base))
        self._ranks = array("I")  # of the film, by coding position
        self._depth = 0
        self._read_ranks(ticks)
        self.frames = len(self._ranks)
        self.rounded = 0
        self._times = array("q")  # by rank
        scale = info.time_base / self.time_base
        for part in ticks:
            for tick in part:
                exact = tick * scale
                time = round(exact)
                if self._times and time <= self._times[-1]:
                    time = self._times[-1] + 1
                self.rounded += time != exact
                self._times.append(time)
        gap = self._times[1] - self._times[0] if self.frames > 1 else round(1 / (info.rate * self.time_base))
        self._gap = max(1, min(gap, self.time_base.denominator))  # for decode times before the first: 1 s at most
        self.shift = self._into_reach(form, side_begin) * self.time_base

    def _read_ranks(self, ticks: Sequence[Sequence[int]]) -> None:
        first: tuple[object, ...] | None = None
        for path, part_ticks in zip(self._parts, ticks, strict=True):
            with open_container(path) as container:
                stream = container.streams.video[0]
                kind = codec_name(stream), stream.width, stream.height, stream.codec_context.extradata
                shown = [cast(int, packet.pts) for packet in container.demux(stream) if packet.size]
            if len(shown) != len(part_ticks):
                raise OutputChangedError(
                    f"{path}: holds {len(shown)} frames and should hold {len(part_ticks)}; run again with --overwrite"
                )
            if kind != (first := first or kind):
                raise EncodeError(
                    f"{path}: is {kind[0]} {kind[1]}x{kind[2]} and not coded with the settings of {self._parts[0]}; "
                    "run again with --overwrite"
                )
            begin = len(self._ranks)
            rank_of = {pts: rank for rank, pts in enumerate(sorted(shown))}
            self._ranks.extend(begin + rank_of[pts] for pts in shown)
            self._depth = max(self._depth, *(position - rank_of[pts] for position, pts in enumerate(shown)))

    def _into_reach(self, form: Container, side_begin: Fraction) -> int:
        """Shift all times so that the container can hold the first ones; by how many ticks.

        No container shows pictures before 0. Transport streams and FLV can hold no decode times before 0 either, nor
        the priming of audio, for which the others have their own means.
        """
        lowest = self._times[0]
        if form.muxer in _UNSIGNED:
            # Decode times may come closer together at the start: better than to move the film.
            self._gap = min(self._gap, max(1, lowest // max(1, self._depth)))
            lowest = min(lowest - self._depth * self._gap, math.floor(side_begin / self.time_base))
        shift = max(0, -lowest)
        if shift:
            self._times = array("q", (time + shift for time in self._times))
        return shift

    def packets(self, stream: Stream) -> Iterator[tuple[Fraction, Packet[VideoStream]]]:
        """(decode time in seconds, packet) in coding order, to be muxed into ``stream``."""
        position = 0
        for path in self._parts:
            with open_container(path) as container:
                for packet in container.demux(container.streams.video[0]):
                    if not packet.size:
                        continue
                    rank, before = self._ranks[position], position - self._depth
                    packet.stream = cast("VideoStream", stream)
                    packet.time_base = self.time_base
                    packet.pts = self._times[rank]
                    packet.dts = self._times[before] if before >= 0 else self._times[0] + before * self._gap
                    packet.duration = self._duration(rank)
                    yield packet.dts * self.time_base, packet
                    position += 1

    def _duration(self, rank: int) -> int:
        last = self.frames - 1
        if last == 0:
            return self._gap
        rank = min(rank, last - 1)  # the last frame is shown as long as the one before it
        return self._times[rank + 1] - self._times[rank]


def _open(
    output: Path, info: SourceInfo, form: Container, film: _Film, side: SideStreams | None, *, faststart: bool,
    keep_metadata: bool,
) -> OutputContainer:  # fmt: skip
    options = {"avoid_negative_ts": "disabled"}
    if form.muxer in _QUICKTIME:
        flags = ["faststart"] * faststart + ["use_metadata_tags"] * keep_metadata
        if flags:
            options["movflags"] = "+".join(flags)
        options["video_track_timescale"] = str(film.time_base.denominator)
        # Edit lists count in the movie's ticks. A thousand a second (the default) would round where streams begin.
        rates = side.sample_rates if side is not None else ()
        movie = math.lcm(film.time_base.denominator, *rates)
        options["movie_timescale"] = str(movie if movie < 2**31 else film.time_base.denominator)
    elif form.muxer == "mpegts":
        options["mpegts_copyts"] = "1"
        options["mpegts_m2ts_mode"] = str(int(info.path.suffix.lower() in (".m2ts", ".mts")))
    container = av.open(f"file:{output}", "w", format=form.muxer, container_options=options)
    container.flags |= cast(int, Flags.bitexact.value)
    return container


def _add_film(
    container: OutputContainer, template: VideoStream, info: SourceInfo, form: Container, time_base: Fraction
) -> VideoStream:
    stream = container.add_stream_from_template(template, opaque=True)
    stream.time_base = time_base
    coding = stream.codec_context
    coding.framerate = plain_rate(info.rate)
    coding.field_order = _FIELD_ORDER_NUMBERS[info.field_order]
    if form.muxer in _QUICKTIME and codec_name(template) == "hevc":
        coding.codec_tag = "hvc1"  # Apple's players know no other
    return stream


def _mux(container: OutputContainer, stream: VideoStream, film: _Film, side: SideStreams | None) -> None:
    """Write all packets, by decode time: muxers keep what comes too early in memory."""
    others = side.packets(film.shift) if side is not None else iter(())
    other = next(others, None)
    for time, packet in film.packets(stream):
        while other is not None and other[0] <= time:
            container.mux(other[1])
            other = next(others, None)
        container.mux(packet)
    while other is not None:
        container.mux(other[1])
        other = next(others, None)
