"""One encoded film in a file of its own: a chunk's part, begun with a fresh encoder and a key frame."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
from av.codec.context import Flags as CodecFlags
from av.codec.context import ThreadType
from av.container.core import Flags

from streamproc.errors import EncodeError
from streamproc.media.container import plain_rate, timescale
from streamproc.media.demux import open_container, reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from streamproc.media.source import FieldOrder

_NO_PICTURE_TYPE = 0
_REORDER_DEPTH = 2  # of x264 and x265, whose B-frames may refer to one other; SVT-AV1 and libvpx give packets in order
_FIELD_ORDER_NUMBERS = {"progressive": 1, "tff": 2, "bff": 3}  # AVFieldOrder
_RATES = (Fraction(1), Fraction(240))  # SVT-AV1 refuses others, and what headers claim beyond is nonsense


@dataclass(frozen=True)
class PartFormat:
    """What the encoder of a part is told; colour tags are the numbers of ISO/IEC 23091-4."""

    library: str
    layout: str
    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    threads: int
    sample_aspect_ratio: Fraction = Fraction(1)
    colour_primaries: int = 2
    colour_trc: int = 2
    colourspace: int = 2
    full_range: bool = False
    field_order: FieldOrder = "progressive"


class PartFile:
    """Encodes pictures into an mp4 that holds nothing that changes from one run to the next.

    mp4 keeps the order and spacing of the times exactly; what it rounds (the start) is of no account, because the
    join takes the times from elsewhere. Matroska would round them to milliseconds, so that two could fall together.
    """

    def __init__(self, path: Path, form: PartFormat, options: Mapping[str, str]) -> None:
        """Begin ``path`` with the encoder ``form.library`` and its ``options``. Raises EncodeError."""
        self._path = path
        self._time_base = form.time_base
        self._frame_ticks = max(1, round(1 / (form.rate * form.time_base)))
        self._times: list[int] = []  # of the frames that went in, relative to the first
        self._begin = 0
        self._muxed = 0
        # SVT-AV1 writes a banner to stderr, and listens to nothing but its environment.
        os.environ.setdefault("SVT_LOG", "1")
        try:
            self._container = av.open(
                f"file:{path}",
                "w",
                format="mp4",
                container_options={"video_track_timescale": str(timescale(form.time_base))},
            )
        except av.FFmpegError as error:
            raise EncodeError(f"{path}: cannot be created: {reason(error)}") from error
        self._container.flags |= cast(int, Flags.bitexact.value)
        stream = self._container.add_stream(form.library, options=dict(options))
        assert isinstance(stream, av.VideoStream)
        self._stream = stream
        self._configure(self._stream, form)
        try:
            self._stream.codec_context.open()
        except av.FFmpegError as error:
            self.abort()
            raise EncodeError(
                f"{path}: {form.library} refuses {form.width}x{form.height} {form.layout} with {dict(options)}: "
                f"{reason(error)}"
            ) from error

    @staticmethod
    def _configure(stream: av.VideoStream, form: PartFormat) -> None:
        encoder = stream.codec_context
        encoder.width, encoder.height, encoder.pix_fmt = form.width, form.height, form.layout
        stream.time_base = encoder.time_base = form.time_base
        encoder.framerate = min(max(plain_rate(form.rate), _RATES[0]), _RATES[1])
        encoder.thread_count = form.threads
        encoder.thread_type = ThreadType.FRAME  # PyAV asks for slices, which costs x264 both speed and quality
        encoder.sample_aspect_ratio = form.sample_aspect_ratio
        encoder.color_primaries = form.colour_primaries
        encoder.color_trc = form.colour_trc
        encoder.colorspace = form.colourspace
        encoder.color_range = 2 if form.full_range else 1
        encoder.field_order = _FIELD_ORDER_NUMBERS[form.field_order]
        # x264 codes interlaced 4:2:0 in pairs of field lines; the others only carry the tag.
        if form.field_order != "progressive" and form.library == "libx264" and form.height % 4 == 0:
            encoder.flags |= CodecFlags.interlaced_dct | CodecFlags.interlaced_me

    def write(self, picture: av.VideoFrame, pts: int) -> None:
        """Encode one picture; it may be changed as soon as this returns.

        ``pts`` are ticks of the time base given, strictly increasing. Raises EncodeError.
        """
        if not self._times:
            self._begin = pts
        self._times.append(pts - self._begin)
        picture.pts = pts - self._begin
        picture.time_base = self._time_base
        picture.pict_type = _NO_PICTURE_TYPE  # the source's own would force key frames where the source had them
        self._encode(picture)

    def close(self) -> int:
        """Finish the file; gives the number of frames in it. Raises EncodeError: then the file is not to be used."""
        try:
            self._encode(None)
            self._container.close()
        except av.FFmpegError as error:
            raise EncodeError(f"{self._path}: cannot be finished: {reason(error)}") from error
        if self._muxed != len(self._times):
            raise EncodeError(f"{self._path}: {len(self._times)} frames went in and {self._muxed} came out")
        return self._muxed

    def abort(self) -> None:
        """Stop and remove the file."""
        with contextlib.suppress(av.FFmpegError):  # thrown away: that it cannot be finished is of no account
            self._container.close()
        self._path.unlink(missing_ok=True)

    def _encode(self, picture: av.VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(picture):
                packet.dts = self._decode_time(self._muxed)
                self._container.mux(packet)
                self._muxed += 1
        except av.FFmpegError as error:
            at = "its end"
            if picture is not None:
                time = (self._begin + self._times[-1]) * self._time_base
                at = f"frame {len(self._times) - 1} of it ({float(time):.3f} s)"
            raise EncodeError(f"{self._path}: {at} cannot be written: {reason(error)}") from error

    def _decode_time(self, position: int) -> int:
        """As in the join: sorted presentation times, later by the depth of reordering.

        The encoder's own are not used: x265 gives memory that nobody wrote where a part is shorter than that depth.
        """
        rank = position - _REORDER_DEPTH
        return self._times[rank] if rank >= 0 else rank * self._frame_ticks


def count_frames(path: Path) -> int:
    """How many frames a closed part holds: its packets are read from the file, not decoded.

    Raises SourceNotFoundError or SourceDecodeError where it is missing or cannot be opened.
    """
    with open_container(path) as container:
        return sum(1 for packet in container.demux(container.streams.video[0]) if packet.size)
