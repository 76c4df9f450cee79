"""Video parts: the frames of one chunk, encoded."""

from __future__ import annotations

import logging
from operator import gt
from typing import TYPE_CHECKING

import av
from av.video.reformatter import ColorRange, Colorspace

from streamproc.errors import EncodeError
from streamproc.media.codecs import EncoderSettings, encoder_layout
from streamproc.media.frame import Frame, reformatter
from streamproc.media.part_file import PartFile, PartFormat, count_frames
from streamproc.media.source import RGB_MATRIX

if TYPE_CHECKING:
    from pathlib import Path

    from streamproc.media.pixels import PixelLayout
    from streamproc.media.source import SourceInfo

__all__ = ["EncoderSettings", "VideoPartWriter", "count_frames"]

log = logging.getLogger(__name__)

_BT709 = 1


class VideoPartWriter:
    """Encodes the frames of one chunk into a file, with a fresh encoder and a key frame at its start.

    The times in it are the frames' own, relative to the first. Colour tags, pixel shape, range and field order are the
    source's. The pixel format is the source's too where the encoder takes it, else one that loses nothing, else (with
    a warning) the one that loses least.
    """

    def __init__(self, path: Path, info: SourceInfo, settings: EncoderSettings) -> None:
        """Begin the file ``path``. Raises EncodeError."""
        self._path = path
        self._info = info
        layout = encoder_layout(settings.encoder, info.layout, info.width, info.height)
        self._convert = _Converter(info, layout)
        mixed = self._convert.mixes
        if mixed or layout.bits < info.layout.bits or any(map(gt, layout.shifts[-1], info.layout.shifts[-1])):
            log.warning("%s: %s is encoded as %s, which loses some", info.path, info.layout.name, layout.name)
        self._part = PartFile(
            path,
            PartFormat(
                library=settings.encoder.library,
                layout=layout.name,
                width=info.width,
                height=info.height,
                time_base=info.time_base,
                rate=info.rate,
                threads=settings.threads,
                sample_aspect_ratio=info.sample_aspect_ratio,
                colour_primaries=info.colour_primaries,
                colour_trc=info.colour_trc,
                colourspace=_BT709 if mixed else RGB_MATRIX if info.layout.rgb else info.colourspace,
                full_range=info.full_range and not mixed,
                field_order=info.field_order,
            ),
            settings.options(),
        )

    def write(self, frame: Frame) -> None:
        """Encode a frame; its planes may be changed as soon as this returns.

        Raises EncodeError, also for a frame that is not of the source's size and layout.
        """
        info = self._info
        if (frame.width, frame.height, frame.layout) != (info.width, info.height, info.layout):
            raise EncodeError(
                f"{self._path}: frame {frame.ordinal} is {frame.width}x{frame.height} {frame.layout.name}, "
                f"and the source is {info.width}x{info.height} {info.layout.name}"
            )
        self._part.write(self._convert(frame), frame.pts)

    def close(self) -> int:
        """Finish the file; gives the number of frames in it. Raises EncodeError. Nothing is synced to disk."""
        return self._part.close()

    def abort(self) -> None:
        """Stop and remove the file."""
        self._part.abort()


class _Converter:
    """Brings frames of a source into the encoder's pixel format.

    Samples keep their values wherever the format has room for them: swscale is told that the range stays, and is not
    let near what it would change without being asked (grey and full-range formats that only bear another name).
    """

    def __init__(self, info: SourceInfo, layout: PixelLayout) -> None:
        source = info.layout
        self._layout = layout
        self._range = ColorRange.JPEG if info.full_range else ColorRange.MPEG
        self.mixes = source.rgb and not layout.rgb and layout.shifts != source.shifts
        """Whether RGB becomes YUV (BT.709, limited range) for want of a format with full chroma."""
        self._step = layout.name  # what swscale makes
        if not self.mixes and (source.rgb or len(source.shifts) == 1):
            kind = "gbrp" if source.rgb else "gray"
            self._step = kind if layout.bits == 8 else f"{kind}{layout.bits}le"
        elif source.shifts == layout.shifts and source.bits == layout.bits:
            self._step = source.name
        self._renamed: Frame | None = None

    def __call__(self, frame: Frame) -> av.VideoFrame:
        native = frame.native
        if self.mixes:
            return reformatter().reformat(
                native, format=self._step, src_colorspace=Colorspace.ITU709, dst_colorspace=Colorspace.ITU709,
                src_color_range=ColorRange.JPEG, dst_color_range=ColorRange.MPEG, threads=1,
            )  # fmt: skip
        if native.format.name != self._step:
            native = reformatter().reformat(
                native, format=self._step, src_color_range=self._range, dst_color_range=self._range, threads=1
            )
        if self._step == self._layout.name:
            return native
        return self._rename(Frame(native, frame.ordinal, frame.pts, frame.time_base))

    def _rename(self, frame: Frame) -> av.VideoFrame:
        """The same planes under the encoder's name, with neutral chroma where grey has none.

        The one picture is used again and again: encoders copy what they are given.
        """
        if self._renamed is None:
            native = av.VideoFrame(frame.width, frame.height, self._layout.name)
            self._renamed = Frame(native, 0, 0, frame.time_base)
            for plane, value in zip(self._renamed.planes, self._layout.black(full_range=True), strict=True):
                plane[:] = value
        for target, plane in zip(self._renamed.planes, frame.planes, strict=False):
            target[:] = plane
        return self._renamed.native
