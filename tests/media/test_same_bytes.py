from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from streamproc.media import codecs
from streamproc.media.codecs import EncoderSettings

ROOT = Path(__file__).parents[2]


def encoded(codec: str, preset: str, threads: int, memory: int) -> str:
    """Hash of a part made in a fresh process whose memory glibc fills with a byte before it is first used."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.media.encode_once", codec, preset, str(threads)],
        env={**os.environ, "MALLOC_PERTURB_": str(memory)}, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("codec", "preset", "threads"),
    [
        ("h264", "veryfast", 1),
        ("h264", "medium", 2),
        ("hevc", "veryfast", 2),
        ("av1", "veryfast", 2),
        ("vp9", "veryfast", 2),
    ],
)
def test_a_part_has_the_same_bytes_whatever_memory_held_before(codec: str, preset: str, threads: int) -> None:
    assert len({encoded(codec, preset, threads, memory) for memory in (0, 85, 200)}) == 1


def test_x264_is_kept_from_avx512_and_only_where_there_is_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "_has_avx512", lambda: True)
    assert EncoderSettings().options()["x264-params"] == "asm=avx2"
    monkeypatch.setattr(codecs, "_has_avx512", lambda: False)
    assert "x264-params" not in EncoderSettings().options()
