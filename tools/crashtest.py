"""Kills jobs at every moment that matters, lets them go on, and compares the results with those of an undisturbed run.

    python tools/crashtest.py                     200 kills
    python tools/crashtest.py --kills all         one at each operation on a file, and a quarter more at random times
    python tools/crashtest.py --power-loss        what a disk may hold after a power cut, in all its forms
    python tools/crashtest.py --kills 25 --power-loss 30    both, and 30 states of the disk only

It knows nothing from inside the job: it sees the calls that reach the file system, and ends the process before one of
them or in the middle of a write. Prints a table of moments and outcomes; exits 1 if anything differs. Needs Linux.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from crashrig import child
from crashrig.compare import refer, snapshot
from crashrig.kills import Killing, Tally, moments_of, spread
from crashrig.power import power_loss
from crashrig.recording import record
from crashrig.scenarios import NAMES, fresh, make_scenarios

if TYPE_CHECKING:
    from crashrig.compare import Reference
    from crashrig.scenarios import Scenario

_TIMED = 5  # one of so many kills comes at a random time
_MOST_SHOWN = 40
_MEMORY = Path("/dev/shm")  # a process that is killed leaves the same files anywhere, and here it syncs them at once


def main() -> int:
    """Do what the command line asks for."""
    arguments = parse()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="streamproc-crashtest-", dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        folder = Path(name)
        scenarios = make_scenarios(folder / "in", arguments.frames, arguments.chunk_frames)
        scenarios[0].run(folder / "warm")  # so that children begin with all imported; its threads end with it
        rig = {
            scenario: refer_to(scenario, folder / scenario.name)
            for scenario in scenarios
            if scenario.name in (arguments.scenario or scenario.name)
        }
        chance = random.Random(arguments.seed)
        problems = [] if arguments.kills is None else kill(rig, folder, arguments.kills, chance)
        if arguments.power_loss is not None:
            problems += power_loss(rig, folder, arguments.power_loss, chance)
    for problem in problems[:_MOST_SHOWN]:
        print(f"DIFFERS: {problem}")
    print(f"{time.perf_counter() - begun:.0f} s, seed {arguments.seed}")
    return 1 if problems else 0


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=number, metavar="N", help="how many, or all; default 200")
    parser.add_argument(
        "--power-loss", type=number, nargs="?", const=0, metavar="N", help="how many states of the disk; default all"
    )
    parser.add_argument(
        "--scenario", action="append", choices=NAMES, help="one of the jobs only; may be repeated; default all"
    )
    parser.add_argument("--frames", type=int, default=64, help="of the clip; default 64")
    parser.add_argument("--chunk-frames", type=int, default=16, help="default 16")
    parser.add_argument("--seed", type=int, default=1, help="of all that is random; default 1")
    arguments = parser.parse_args()
    if arguments.kills is None and arguments.power_loss is None:
        arguments.kills = 200
    return arguments


def number(text: str) -> int:
    """A number from 1, or 0 for all."""
    if text == "all":
        return 0
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is neither a number from 1 nor all")
    return int(text)


def refer_to(scenario: Scenario, folder: Path) -> tuple[Reference, Path]:
    """Two undisturbed runs of a scenario: one is recorded, the other shows that there is something to hold on to."""
    before, root, again = (folder / name for name in ("before", "undisturbed", "again"))
    before.mkdir(parents=True)
    scenario.prepare(before / "out")
    fresh(before, root)
    recorded = child.run(partial(record, scenario, root))
    if recorded.answer is None or recorded.answer[0].error:
        sys.exit(f"{scenario.name}: {recorded.failure or recorded.answer[0].error}")
    fresh(before, again)
    plain = child.run(partial(scenario.run, again / "out"))
    reference = refer(before, root, recorded.answer[1], plain.seconds)
    now = snapshot(again)
    differ = [name for name in now.keys() | reference.final.keys() if now.get(name) != reference.final.get(name)]
    if differ:
        sys.exit(f"{scenario.name}: two undisturbed runs differ in {', '.join(sorted(differ))}")
    return reference, before


def kill(rig: dict[Scenario, tuple[Reference, Path]], folder: Path, kills: int, chance: random.Random) -> list[str]:
    """Kill so often (0: at every moment there is), print the table, and give what differs."""
    tally, used = Tally(), Counter[str]()
    there = 0
    for place, (scenario, (reference, before)) in enumerate(rig.items(), start=1):
        moments = moments_of(reference)
        there += len(moments)
        count = kills * place // len(rig) - tally.total if kills else len(moments) * _TIMED // (_TIMED - 1)
        chosen = spread(moments, count - count // _TIMED, used, chance)
        killing = Killing(scenario, reference, before, folder / scenario.name / "job", tally)
        killing.chosen(chosen, chance)
        killing.timed(count - len(chosen), chance)
    print("\n".join(tally.table()))
    print(f"chosen from {there} moments in {len(rig)} scenarios")
    return tally.problems


if __name__ == "__main__":
    sys.exit(main())
