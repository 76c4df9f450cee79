"""The video encoders: their names, qualities, presets and the pixel formats that they take.

Quality is the constant rate factor: lower is better and bigger. Presets are called as in x264, fastest first,
and mapped to what the other encoders call theirs (https://trac.ffmpeg.org/wiki/Encode/AV1, .../Encode/VP9).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, get_args

from streamproc.errors import OptionError
from streamproc.media.pixels import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamproc.media.pixels import PixelLayout

CodecName = Literal["h264", "hevc", "av1", "vp9"]
Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]

_YUV_8 = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")
_YUV_10 = ("yuv420p10le", "yuv422p10le", "yuv444p10le")
_YUV_12 = ("yuv420p12le", "yuv422p12le", "yuv444p12le")


@dataclass(frozen=True)
class Encoder:
    """One encoder. ``crf_range`` is inclusive; ``layouts`` are the pixel formats that it takes, best first."""

    library: str
    crf_range: tuple[int, int]
    crf_default: int
    presets: Mapping[str, str]
    layouts: tuple[str, ...]
    odd_sizes: bool
    """Whether it takes widths and heights that chroma subsampling does not divide."""


_SAME = {name: name for name in get_args(Preset)}
_SVT = dict(zip(get_args(Preset), ("12", "11", "10", "9", "8", "7", "5", "4", "2"), strict=True))
_VPX = dict(zip(get_args(Preset), ("8", "7", "6", "5", "4", "3", "2", "1", "0"), strict=True))

ENCODERS: Mapping[CodecName, Encoder] = {
    "h264": Encoder("libx264", (0, 51), 18, _SAME, ("gray", *_YUV_8, "gray10le", *_YUV_10), odd_sizes=False),
    "hevc": Encoder(
        "libx265", (0, 51), 20, _SAME,
        ("gray", *_YUV_8, "gbrp", "gray10le", *_YUV_10, "gbrp10le", "gray12le", *_YUV_12, "gbrp12le"), odd_sizes=False,
    ),
    # SVT-AV1 does 4:2:0 only, and the wheel has no other AV1 encoder.
    "av1": Encoder("libsvtav1", (1, 63), 26, _SVT, ("yuv420p", "yuv420p10le"), odd_sizes=True),
    # It takes 4:4:0 too, but mp4, which the parts are, does not.
    "vp9": Encoder("libvpx-vp9", (0, 63), 24, _VPX, ("yuv420p", "yuv422p", "yuv444p", "gbrp"), odd_sizes=True),
}  # fmt: skip


@dataclass(frozen=True)
class EncoderSettings:
    """How a film is encoded. The bytes of a part depend on all four, ``threads`` included.

    Raises OptionError for a value that the encoder does not take.
    """

    codec: CodecName = "h264"
    crf: int = 18
    preset: str = "veryfast"
    threads: int = 1

    def __post_init__(self) -> None:
        if self.codec not in ENCODERS:
            raise OptionError(f"codec: one of {', '.join(ENCODERS)}, not {self.codec!r}")
        encoder = ENCODERS[self.codec]
        low, high = encoder.crf_range
        if not low <= self.crf <= high:
            raise OptionError(f"crf: {low} to {high} for {self.codec}, not {self.crf}")
        if self.preset not in encoder.presets:
            raise OptionError(f"preset: one of {', '.join(encoder.presets)}, not {self.preset!r}")
        if self.threads < 1:
            raise OptionError(f"threads: 1 or more, not {self.threads}")

    @property
    def encoder(self) -> Encoder:
        """The row of ``ENCODERS``."""
        return ENCODERS[self.codec]

    def options(self) -> dict[str, str]:
        """FFmpeg's options for the encoder. All of them give the same bytes each time."""
        options = {"crf": str(self.crf), "preset": self.encoder.presets[self.preset]}
        if self.codec == "h264" and _has_avx512():
            options["x264-params"] = "asm=avx2"
        elif self.codec == "hevc":
            # Frame threads change the bytes and by default follow the machine: pin them.
            options["x265-params"] = f"log-level=none:pools={self.threads}:frame-threads={min(self.threads, 4)}"
        elif self.codec == "av1":
            options["svtav1-params"] = f"lp={min(self.threads, 6)}"
        elif self.codec == "vp9":
            # Row threads would be faster and give other bytes each time; tile threads do not.
            options = {"crf": options["crf"], "b": "0", "deadline": "good", "tile-columns": "2"}
            options["cpu-used"] = self.encoder.presets[self.preset]
        return options


@cache
def _has_avx512() -> bool:
    """Whether x264 would use AVX-512, which must not be.

    Its macroblock-tree in AVX-512 takes in memory that nobody wrote: with MALLOC_PERTURB_ at 0, 1, 85 and 200, 50
    frames of 160x120 at preset veryfast came out in four ways; with AVX2 in one, the one that machines without
    AVX-512 make. Widths that are a multiple of 256 came out the same in both.
    """
    from llvmlite.binding import get_host_cpu_features  # numba's own dependency

    return bool(get_host_cpu_features().get("avx512f"))


def encoder_layout(encoder: Encoder, layout: PixelLayout, width: int, height: int) -> PixelLayout:
    """The pixel format to encode pictures of ``layout`` in: the smallest that the encoder takes and that loses nothing.

    Where there is none, the one that loses least: depth before chroma. x264 and x265 refuse odd sizes in subsampled
    formats, so such pictures go as 4:4:4. RGB goes as G, B, R in the planes of 4:4:4 where RGB itself is not taken.
    """

    def fits(name: str) -> bool:
        x, y = LAYOUTS[name].shifts[-1]
        return encoder.odd_sizes or not (width % (1 << x) or height % (1 << y))

    def loss(name: str) -> tuple[int, ...]:
        """Badness, the worst first: colours mixed anew, depth, chroma, then what changes or adds without need."""
        other = LAYOUTS[name]
        grey, other_grey = len(layout.shifts) == 1, len(other.shifts) == 1
        (x, y), (other_x, other_y) = layout.shifts[-1], other.shifts[-1]
        return (
            other.rgb and not layout.rgb,
            max(0, layout.bits - other.bits),
            not grey and other_grey,
            0 if grey else max(0, other_x - x) + max(0, other_y - y),
            other.rgb != layout.rgb,
            ("yuvj" in name) != ("yuvj" in layout.name),
            other.bits,
            not other_grey,
            -other_x - other_y,
        )

    return LAYOUTS[min(filter(fits, encoder.layouts), key=loss)]
