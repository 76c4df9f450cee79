"""Containers: which suffix means which, what each can hold, and where a film goes that its own cannot hold."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PCM = frozenset(
    {
        "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f64le",
        "pcm_u8", "pcm_alaw", "pcm_mulaw",
    }
)  # fmt: skip
_ALL_VIDEO = frozenset({"h264", "hevc", "av1", "vp9"})
_MP4_AUDIO = frozenset({"aac", "mp3", "mp2", "ac3", "eac3", "opus", "flac", "alac", "dts"})
_MATROSKA_AUDIO = _MP4_AUDIO | _PCM | {
    "vorbis", "truehd", "mlp", "wmav1", "wmav2", "wmapro", "tta", "wavpack", "gsm_ms", "adpcm_ms", "adpcm_ima_wav",
}  # fmt: skip


@dataclass(frozen=True)
class Container:
    """A container: FFmpeg's muxer, and the codecs that it is common for it to hold and players to read from it."""

    muxer: str
    video: frozenset[str]
    audio: frozenset[str]
    subtitles: frozenset[str] = frozenset()
    ticks: int | None = None
    """Ticks a second where the container has its own clock; None where it takes that of the film."""


_MP4 = Container("mp4", _ALL_VIDEO, _MP4_AUDIO, frozenset({"mov_text", "dvd_subtitle"}))
_MATROSKA = Container(
    "matroska", _ALL_VIDEO, _MATROSKA_AUDIO,
    frozenset({"subrip", "ass", "ssa", "webvtt", "dvd_subtitle", "dvb_subtitle", "hdmv_pgs_subtitle", "text"}), 1000,
)  # fmt: skip
_TS = Container(
    "mpegts", frozenset({"h264", "hevc"}),
    frozenset({"aac", "aac_latm", "mp1", "mp2", "mp3", "ac3", "eac3", "dts", "opus", "truehd", "pcm_bluray", "s302m"}),
    frozenset({"dvb_subtitle", "dvb_teletext", "hdmv_pgs_subtitle"}), 90000,
)  # fmt: skip

CONTAINERS = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".mov": Container(
        "mov", frozenset({"h264", "hevc"}), _MP4_AUDIO - {"opus", "flac", "dts"} | _PCM, frozenset({"mov_text"})
    ),
    ".mkv": _MATROSKA,
    ".webm": Container("webm", frozenset({"av1", "vp9"}), frozenset({"opus", "vorbis"}), frozenset({"webvtt"}), 1000),
    ".ts": _TS,
    ".m2ts": _TS,
    ".mts": _TS,
    ".flv": Container("flv", frozenset({"h264"}), frozenset({"aac", "mp3", "speex", "nellymoser"}), ticks=1000),
    ".3gp": Container("3gp", frozenset({"h264"}), frozenset({"aac", "amr_nb", "amr_wb"}), frozenset({"mov_text"})),
}  # fmt: skip

_MIN_TIMESCALE = 10_000  # some players measure by a coarser clock badly; FFmpeg's own muxer does the same


def output_suffix(
    source: Path, codec: str, audio: Sequence[str] = (), subtitles: Sequence[str] = ()
) -> tuple[str, str | None]:
    """The suffix for a film from ``source`` coded in ``codec``, and why it is not the source's own (None where it is).

    ``audio`` and ``subtitles`` are the codecs of the streams to be copied. The source's container is kept where it
    holds all of them; else it is mp4, else Matroska. AVI and other containers that store no times are never kept.
    """
    own = CONTAINERS.get(source.suffix.lower())
    if own is None:
        why = f"{source.suffix or 'a name without suffix'} is not a container that is written here"
    elif lack := _lack(own, codec, audio, subtitles):
        why = f"{source.suffix} cannot hold {lack}"
    else:
        return source.suffix, None
    lack = _lack(_MP4, codec, audio, subtitles)
    if not lack:
        return ".mp4", why
    # Matroska takes nearly everything; what even it cannot hold is left out by the join, and said there.
    return ".mkv", why if own is _MP4 else f"{why}, and .mp4 cannot hold {lack}"


def muxer_for(output: Path) -> Container:
    """The container that a suffix stands for; mp4 for one that stands for none."""
    return CONTAINERS.get(output.suffix.lower(), _MP4)


def timescale(time_base: Fraction) -> int:
    """Ticks a second in which an mp4 track holds every multiple of ``time_base`` exactly."""
    ticks = time_base.denominator
    while ticks < _MIN_TIMESCALE:
        ticks *= 2
    return ticks


def plain_rate(rate: Fraction) -> Fraction:
    """``rate`` as codecs and containers can write it: between 1 in 1,000 s and 1,000 a second, in small numbers."""
    return min(max(rate, Fraction(1, 1000)), Fraction(1000)).limit_denominator(1_000_000)


def _lack(container: Container, codec: str, audio: Sequence[str], subtitles: Sequence[str]) -> str:
    """What the container cannot hold, as words; empty where it holds all."""
    missing = [name for name in (codec,) if name not in container.video]
    missing += [name for name in audio if name not in container.audio]
    missing += [name for name in subtitles if name not in container.subtitles]
    return ", ".join(dict.fromkeys(missing))
