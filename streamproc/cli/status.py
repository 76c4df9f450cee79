"""``streamproc status``: what is finished in an output folder, and what is left to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from streamproc.job.status import JobStatus

_EPILOG = "exit codes: 0 all is finished; 1 something is left to do, or files are missing; 2 bad usage."


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add this command to the command line."""
    parser = commands.add_parser(
        "status",
        help="show what is finished in an output folder",
        description="Show each job of an output folder: how far it is, and which files are missing. Touches nothing.",
        epilog=_EPILOG,
    )
    parser.add_argument("output", metavar="OUT", help="the output folder of `streamproc process`")
    return parser


def run(args: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from pathlib import Path

    from streamproc.job.status import State, statuses

    code = 0
    for job in statuses(Path(args.output)):
        print(status_line(job))
        for file in job.missing:
            print(f"  missing or changed: {file}")
        if job.state is not State.FINISHED or job.missing:
            code = 1
    return code


def status_line(job: JobStatus) -> str:
    """One job in one line."""
    of = "" if job.total is None or job.total == job.frames else f" of {job.total}"
    frames = f"{job.frames}{of} frame{'s' * (job.frames != 1 or bool(of))}"
    chunks = "" if job.chunks is None else f" in {job.chunks} chunk{'s' * (job.chunks != 1)}"
    return f"{job.name}: {job.state}, {frames}{chunks}" + (f", by {job.owner}" if job.owner else "")
