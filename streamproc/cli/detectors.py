"""``streamproc detectors``: what is installed, with types, licences and weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add this command to the command line."""
    return commands.add_parser(
        "detectors",
        help="list the detectors that are installed",
        description="List the detectors that are installed, with the types they find, licences and weights.",
    )


def run(_: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from streamproc.detect.registry import installed

    for detector in installed():
        print(detector.name + ("" if detector.available else f"  (not usable: {detector.why_not})"))
        print(f"  finds     {', '.join(sorted(detector.object_types))}")
        print(f"  licence   {detector.licence}")
        for weights in detector.weights:
            print(f"  weights   {weights.path.name}, {weights.size} bytes, {weights.licence}: {weights.origin}")
    return 0
