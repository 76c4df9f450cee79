import argparse
import json
from pathlib import Path

import pytest

from streamproc.cli import validate as command
from streamproc.errors import SourceNotFoundError
from tests.job.validation_output import Scene


def run(out: Path, *more: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    return command.run(parser.parse_args(["validate", str(out), *more]))


def test_the_command_says_what_was_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = Scene().write(tmp_path / "out")
    assert run(out) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        f"{out}: 2 files, 6 frames, 15 detections, 1 video, 2 masks "
        "(5 detections have no colour of their own in the mask): all good\n"
    )


def test_the_command_prints_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = Scene().write(tmp_path / "out", masks="none")
    path = out / "clip-0-3.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"size": [48, 64]', '"size": [1, 1]', 1), encoding="utf-8")
    assert run(out) == 1
    captured = capsys.readouterr()
    assert captured.out == f"{out}/clip-0-3.json: frame 0: size: expected [height, width], [48, 64], found [1, 1]\n"
    assert captured.err.endswith(": 1 problem\n")


def test_the_command_prints_the_first_problems_or_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "clip-0-200.json").write_text(json.dumps([{"id": i} for i in range(20)]))
    assert run(out) == 1
    few = capsys.readouterr().out.splitlines()
    assert len(few) == 101
    assert few[-1].endswith("more problems; --all prints them")
    assert run(out, "--all") == 1
    assert len(capsys.readouterr().out.splitlines()) == 161


def test_the_command_without_anything_to_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path) == 3
    assert "nothing to check" in capsys.readouterr().err
    with pytest.raises(SourceNotFoundError, match="there is no such folder"):
        run(tmp_path / "none")


def test_a_name_that_the_terminal_cannot_show_is_escaped(tmp_path: Path) -> None:
    import io
    import sys

    (tmp_path / "straße-0-0.json").write_text("[")
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", stream)
        assert run(tmp_path) == 1
    stream.flush()
    assert b"stra\\xdfe-0-0.json: line 1: is not valid JSON" in stream.buffer.getvalue()  # type: ignore[attr-defined]
