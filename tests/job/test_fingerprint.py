from __future__ import annotations

import json
from pathlib import Path

import pytest

from streamproc.detect.scripted import ScriptedDetector
from streamproc.job.fingerprint import differences, fingerprint, source_identity
from streamproc.options import Options


def test_the_same_job_has_the_same_fingerprint_wherever_it_stands(tmp_path: Path) -> None:
    detector = ScriptedDetector({})
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "clip.mp4").write_bytes(b"film" * 100_000)
    marks = [fingerprint(tmp_path / folder / "clip.mp4", Options.of(), detector) for folder in ("a", "b")]
    assert marks[0] == marks[1] == json.loads(json.dumps(marks[0]))


def test_a_difference_is_named_with_both_values(tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(b"film")
    detector = ScriptedDetector({})
    then = fingerprint(source, Options.of(threads=2), detector)
    now = fingerprint(source, Options.of(threads=4, method={"face": "blacken"}), detector)
    assert differences(then, now) == ['options.methods.face: "blur" -> "blacken"', "options.threads: 2 -> 4"]
    assert then != now
    assert differences(then, then) == []


def test_what_does_not_decide_the_bytes_is_no_difference(tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(b"film")
    detector = ScriptedDetector({})
    plain = fingerprint(source, Options.of(), detector)
    assert plain == fingerprint(source, Options.of(keep_work=True, overwrite=True), detector)


def test_a_source_is_told_by_size_and_contents(tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    data = bytearray(range(256)) * 4000
    source.write_bytes(data)
    before = source_identity(source)
    data[-1] ^= 1
    source.write_bytes(data)
    assert source_identity(source) != before
    source.write_bytes(b"")
    assert source_identity(source)["size"] == 0


class OtherWeights(ScriptedDetector):
    @property
    def fingerprint(self) -> str:
        return "other"


def test_other_weights_and_another_format_version_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(b"film")
    then = fingerprint(source, Options.of(), ScriptedDetector({}))
    monkeypatch.setattr("streamproc.job.fingerprint.FORMAT", then["format"] + 1)
    now = fingerprint(source, Options.of(), OtherWeights({}))
    assert differences(then, now) == [
        f'detector.weights: "{then["detector"]["weights"]}" -> "other"',
        f"format: {then['format']} -> {then['format'] + 1}",
    ]
