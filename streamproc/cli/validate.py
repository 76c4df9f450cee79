"""``streamproc validate``: checks an output folder. Imports nothing heavy before it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from typing import Any

_SHOWN = 100

ALL_GOOD, PROBLEMS, NOTHING = 0, 1, 3


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> argparse.ArgumentParser:
    """Add the command and its arguments."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "validate",
        help="check metadata, masks and video of an output folder against each other",
        description=(
            "Checks that metadata files tile the frames exactly and obey the JSON Schema, and that masks and video "
            "agree with them. Exit code: 0 all is well, 1 problems were found, 3 there was nothing to check."
        ),
    )
    parser.add_argument("output", metavar="OUT_DIR", help="what `streamproc process ... -o OUT_DIR` wrote")
    parser.add_argument(
        "--all", action="store_true", dest="show_all", help=f"print all problems, not only the first {_SHOWN}"
    )
    return parser


def run(args: argparse.Namespace) -> int:
    """Check ``args.output``; problems go to stdout, one a line, and the summary to stderr. Returns the exit code."""
    from streamproc.errors import SourceNotFoundError
    from streamproc.job.validation import Validation

    out = Path(args.output)
    if not out.is_dir():
        raise SourceNotFoundError(f"{out}: there is no such folder")
    validation = Validation(out)
    count = 0
    for count, problem in enumerate(validation.problems(), 1):
        if args.show_all or count <= _SHOWN:
            _say(str(problem), sys.stdout)
    checked = validation.checked
    if count > _SHOWN and not args.show_all:
        _say(f"... and {count - _SHOWN} more problems; --all prints them", sys.stdout)
    if not checked.files:
        _say(f"{out}: nothing to check: no metadata files (NAME-FIRST-LAST.json, NAME.json)", sys.stderr)
        return NOTHING
    verdict = f"{count} problem{'' if count == 1 else 's'}" if count else "all good"
    hidden = f" ({checked.hidden} detections have no colour of their own in the mask)" if checked.hidden else ""
    _say(f"{out}: {checked}{hidden}: {verdict}", sys.stderr)
    return PROBLEMS if count else ALL_GOOD


def _say(line: str, stream: Any) -> None:
    stream.write(line.encode(stream.encoding or "utf-8", "backslashreplace").decode(stream.encoding or "utf-8") + "\n")
