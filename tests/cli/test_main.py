from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from streamproc import __version__
from streamproc.cli import main as main_module
from streamproc.cli.main import exit_code, main
from streamproc.errors import (
    DetectorError,
    Interrupted,
    MissingExtraError,
    OptionError,
    OutputError,
    SourceNotFoundError,
    StreamprocError,
)

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OptionError("x"), 2),
        (MissingExtraError("x"), 2),
        (DetectorError("x"), 2),
        (SourceNotFoundError("x"), 3),
        (OutputError("x"), 1),
        (Interrupted("x", 15), 143),
        (Interrupted("x", 2), 130),
    ],
)
def test_exit_codes(error: StreamprocError, code: int) -> None:
    assert exit_code(error) == code


def test_an_error_is_one_line_without_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["process", "x.mp4", "-o", str(tmp_path), "--mask-scale", "0"]) == 2
    captured = capsys.readouterr()
    assert captured.err == (
        "streamproc: mask-scale is 0; allowed are 1 to 100 (per cent of the side length that stays)\n"
    )
    assert captured.out == ""


def test_a_traceback_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["process", "x.mp4", "-o", str(tmp_path), "--mask-scale", "0", "--traceback"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(("raised", "code"), [(KeyboardInterrupt(), 130), (BrokenPipeError(), 141)])
def test_ends_that_are_no_errors(raised: BaseException, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: argparse.Namespace) -> int:
        raise raised

    monkeypatch.setattr(main_module.detectors, "run", fail)
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    assert main(["detectors"]) == code


def test_no_command_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"streamproc {__version__}\n"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, contextlib, io\n"
        "from streamproc.cli.main import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit): main(['process', '--help'])\n"
        "print({'numpy', 'numba', 'av', 'PIL', 'tqdm', 'onnxruntime', 'jsonschema'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "set()"


def test_the_package_can_be_run_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "streamproc", "--version"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == f"streamproc {__version__}\n"


def test_empty_names_are_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["process", "x.mp4", "-o", ""]) == 2
    assert capsys.readouterr().err == "streamproc: the output folder has an empty name; is a variable unset?\n"


def test_a_wrong_argument_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["process", "x.mp4", "-o", "out", "--ignore", "-5,0,10,10"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err == (
        "streamproc: argument --ignore: expected one argument; see `streamproc process --help`\n"
    )
