from __future__ import annotations

from pathlib import Path

import pytest

from streamproc.detect.scripted import ScriptedDetector
from streamproc.errors import OptionError
from streamproc.job import settle as settle_module
from streamproc.job.fingerprint import differences, fingerprint
from streamproc.job.settle import encoder_settings, left_open, settle
from streamproc.options import Options


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of cores of this machine is the last entry."""
    counts = [4]
    monkeypatch.setattr(settle_module, "default_threads", lambda: counts[-1])
    return counts


def mark(source: Path, given: Options, earlier: dict[str, object] | None = None) -> dict[str, object]:
    return fingerprint(source, settle(given, earlier), ScriptedDetector({}), left_open(given))


def test_what_is_left_open_is_settled_by_default(cores: list[int]) -> None:
    settled = settle(Options.of(codec="hevc"))
    assert (settled.threads, settled.crf, settled.preset) == (4, 20, "veryfast")
    assert left_open(Options.of()) == ["crf", "preset", "threads"]
    given = Options.of(threads=3, crf=0, preset="slow")
    assert left_open(given) == []
    assert settle(given) == given


def test_a_job_can_be_gone_on_with_on_a_machine_with_other_cores(tmp_path: Path, cores: list[int]) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(b"film")
    begun = mark(source, Options.of(crf=30))
    cores.append(16)
    assert differences(begun, mark(source, Options.of(crf=30))) == ["options.threads: 4 -> 16"]
    assert differences(begun, mark(source, Options.of(crf=30), begun)) == []
    assert differences(begun, mark(source, Options.of(crf=30, threads=4), begun)) == []  # said now, but the same
    assert differences(begun, mark(source, Options.of(crf=30, threads=16), begun)) == ["options.threads: 4 -> 16"]


def test_what_was_given_at_first_is_not_taken_over(tmp_path: Path, cores: list[int]) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(b"film")
    begun = mark(source, Options.of(threads=2, crf=30))
    assert differences(begun, mark(source, Options.of(), begun)) == ["options.crf: 30 -> 18", "options.threads: 2 -> 4"]


def test_a_preset_or_quality_that_the_encoder_does_not_know_is_refused() -> None:
    assert encoder_settings(Options.of(codec="vp9", threads=2)).crf == 24
    with pytest.raises(OptionError, match="preset"):
        encoder_settings(Options.of(preset="warp"))
    with pytest.raises(OptionError, match="crf: 0 to 51 for h264, not 60"):
        encoder_settings(Options.of(crf=60))
