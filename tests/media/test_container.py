from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from streamproc.media.container import CONTAINERS, muxer_for, output_suffix, plain_rate, timescale


@pytest.mark.parametrize(
    ("name", "codec", "audio", "subtitles", "expected"),
    [
        ("clip.mp4", "h264", ["aac"], [], ".mp4"),
        ("CLIP.MP4", "av1", [], [], ".MP4"),
        ("clip.m4v", "hevc", ["aac", "ac3"], ["mov_text"], ".m4v"),
        ("clip.mov", "h264", ["pcm_s16le"], [], ".mov"),
        ("clip.mkv", "vp9", ["pcm_s16le", "vorbis"], ["subrip", "ass"], ".mkv"),
        ("clip.webm", "vp9", ["opus"], [], ".webm"),
        ("clip.ts", "h264", ["mp2"], ["dvb_subtitle"], ".ts"),
        ("clip.MTS", "hevc", ["ac3"], ["hdmv_pgs_subtitle"], ".MTS"),
        ("clip.flv", "h264", ["aac"], [], ".flv"),
        ("clip.3gp", "h264", ["amr_nb"], [], ".3gp"),
    ],
)
def test_a_container_that_holds_all_is_kept(name, codec, audio, subtitles, expected):
    assert output_suffix(Path(name), codec, audio, subtitles) == (expected, None)


@pytest.mark.parametrize(
    ("name", "codec", "audio", "subtitles", "expected", "why"),
    [
        ("clip.avi", "h264", ["mp3"], [], ".mp4", ".avi is not a container"),
        ("clip.avi", "h264", ["pcm_s16le"], [], ".mkv", ".mp4 cannot hold pcm_s16le"),
        ("clip.wmv", "h264", ["wmav2"], [], ".mkv", ".mp4 cannot hold wmav2"),
        ("clip.webm", "h264", ["opus"], [], ".mp4", ".webm cannot hold h264"),
        ("clip.webm", "h264", ["vorbis"], [], ".mkv", "cannot hold vorbis"),
        ("clip.ts", "av1", ["aac"], [], ".mp4", ".ts cannot hold av1"),
        ("clip.ts", "vp9", ["aac"], ["dvb_subtitle"], ".mkv", "dvb_subtitle"),
        ("clip.mp4", "h264", ["pcm_s16le"], [], ".mkv", ".mp4 cannot hold pcm_s16le"),
        ("clip.gif", "h264", [], [], ".mp4", ".gif is not a container"),
        ("clip.h264", "h264", [], [], ".mp4", ".h264"),
        ("clip", "h264", [], [], ".mp4", "without suffix"),
        ("clip.mp4", "h264", ["unknown"], [], ".mkv", "unknown"),
    ],
)
def test_another_container_is_taken_with_a_reason(name, codec, audio, subtitles, expected, why):
    suffix, reason = output_suffix(Path(name), codec, audio, subtitles)
    assert suffix == expected
    assert why in reason


def test_every_suffix_has_a_muxer_and_a_foreign_one_has_mp4():
    for suffix, container in CONTAINERS.items():
        assert muxer_for(Path(f"clip{suffix.upper()}")) is container
    assert muxer_for(Path("clip.tmp")).muxer == "mp4"


@pytest.mark.parametrize("base", [Fraction(1, 25), Fraction(1001, 30000), Fraction(1, 90000), Fraction(66667, 1000000)])
def test_an_mp4_clock_holds_every_tick(base):
    assert (base * timescale(base)).denominator == 1
    assert timescale(base) >= 10_000


@pytest.mark.parametrize(
    ("rate", "plain"),
    [
        (Fraction(30000, 1001), Fraction(30000, 1001)),
        (Fraction(10**9), Fraction(1000)),
        (Fraction(1, 10**9), Fraction(1, 1000)),
    ],
)
def test_rates_are_written_in_small_numbers(rate, plain):
    assert plain_rate(rate) == plain
    assert plain_rate(Fraction(10**12 + 1, 10**11 + 7)).denominator <= 1_000_000
