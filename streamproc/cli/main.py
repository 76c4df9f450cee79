"""The command ``streamproc``: finds the command asked for, runs it, and turns errors into one line and an exit code.

Exit codes: 0 all done; 1 some inputs failed; 2 bad usage; 3 nothing could be read; 128 + signal interrupted, resumable.
Imports nothing heavy: ``streamproc --help`` answers at once.
"""

from __future__ import annotations

import argparse
import io
import sys
import traceback
from typing import TYPE_CHECKING, NoReturn

from streamproc import __version__
from streamproc.cli import detectors, process, status, validate
from streamproc.errors import DetectorError, Interrupted, SourceError, StreamprocError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = (process, status, validate, detectors)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as all of the program does, where argparse puts the whole usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"streamproc: {message}; see `{self.prog} --help`\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = _Parser(
        prog="streamproc",
        description="Anonymise persons, faces, licence plates and vehicles; write masks and frame metadata.",
        epilog="`streamproc COMMAND --help` explains a command.",
    )
    parser.add_argument("--version", action="version", version=f"streamproc {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command_parser = command.add_parser(commands)
        command_parser.set_defaults(run=command.run)
        command_parser.add_argument("--traceback", action="store_true", help="show where in the program an error arose")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    _take_any_names()
    parsed = build_parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except StreamprocError as error:
        if parsed.traceback:
            traceback.print_exception(error)
        else:
            print(f"streamproc: {error}", file=sys.stderr)
        return exit_code(error)
    except KeyboardInterrupt:
        print("streamproc: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; point stdout elsewhere so that flushing it at exit is no second error.
        sys.stdout = None
        return 141


def _take_any_names() -> None:
    """File names need not be text: those that are not come in from a list as they are, and are shown with escapes."""
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


def exit_code(error: StreamprocError) -> int:
    """The exit code that stands for an error which ended the run."""
    if isinstance(error, Interrupted):
        return 128 + error.signal_number
    if isinstance(error, UsageError | DetectorError):
        return 2
    return 3 if isinstance(error, SourceError) else 1
