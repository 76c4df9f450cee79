"""Power cuts: what the disk may hold after each operation, and whether a job ends well on it."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from crashrig import child
from crashrig.compare import wrong_at_any_moment, wrong_at_the_end
from crashrig.disk import PLAIN_CUTS, Disk, random_cut
from streamproc.job.journal import decode_line

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from crashrig.compare import Reference
    from crashrig.recording import Entry
    from crashrig.scenarios import Scenario
    from streamproc.job.journal import Record

_UNSEEN = ("close", "count", "packet")  # operations that leave the disk as it was, as far as the log knows


def power_loss(
    rig: dict[Scenario, tuple[Reference, Path]], folder: Path, most: int, chance: random.Random
) -> list[str]:
    """Cut the power ``most`` times (0: in every way there is), print a table, and give all that went wrong."""
    cuts: Counter[tuple[str, str]] = Counter()
    failed: Counter[tuple[str, str]] = Counter()
    problems = []
    for number, (scenario, (reference, before)) in enumerate(rig.items(), start=1):
        count = most * number // len(rig) - cuts.total()
        for cut, place, root in _states(reference, before, folder / scenario.name, most and count, chance):
            wrong = _go_on(scenario, reference, root, place)
            cuts[scenario.name, cut] += 1
            failed[scenario.name, cut] += bool(wrong)
            done = reference.log[place].operation
            problems += [f"{scenario.name}, {cut}, after {done}: {problem}" for problem in wrong]
    print(f"{'scenario':<10} {'on the disk':<30} {'states':>6}  outcome")
    for (name, words), states in sorted(cuts.items()):
        bad = failed[name, words]
        print(f"{name:<10} {words:<30} {states:>6}  {f'{bad} DIFFER' if bad else 'same bytes'}")
    print(f"{cuts.total()} states of the disk; {len(problems)} differences")
    return problems


def _states(
    reference: Reference, before: Path, folder: Path, most: int, chance: random.Random
) -> Iterator[tuple[str, int, Path]]:
    """What the disk may hold, each state once: the kind of cut, the last operation done, where it was built.

    With ``most`` a selection over all operations and kinds.
    """
    disk, root = Disk(before), folder / "cut"
    seen = set()
    places = [place for place, entry in enumerate(reference.log) if entry.operation.name not in _UNSEEN]
    wanted = [places[round((len(places) - 1) * (step + 0.5) / most)] for step in range(most)] if most else places
    for place in range(len(reference.log)):
        disk.do(reference.log, place)
        for _ in range(wanted.count(place)):
            every = [*PLAIN_CUTS, random_cut(chance)]
            for cut in [chance.choice(every)] if most else every:
                shutil.rmtree(root, ignore_errors=True)
                disk.build(root, cut)
                state = _state(root)
                if state not in seen or most:
                    seen.add(state)
                    yield cut.words, place, root


def _state(root: Path) -> str:
    state = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        content = path.read_bytes() if path.is_file() else b"folder"
        state.update(b"%s\0%d\0%s" % (str(path.relative_to(root)).encode(), len(content), content))
    return state.hexdigest()


def _go_on(scenario: Scenario, reference: Reference, root: Path, place: int) -> list[str]:
    """Run the job on what is left; gives all that is wrong then."""
    problems = wrong_at_any_moment(root, reference)
    ended = child.run(partial(scenario.run, root / "out"))
    if ended.answer is None:
        return [*problems, ended.failure]
    problems += wrong_at_the_end(root, reference, scenario, ended.answer)
    if scenario.options.get("overwrite"):
        return problems
    if _finished(reference.log[: place + 1]):
        if ended.answer.status != "already done":
            problems.append("the job was finished, and is done again")
    elif ended.answer.resumed < (sure := _committed(reference.log[: place + 1])):
        problems.append(f"{sure} frames were committed, only {ended.answer.resumed} were found again")
    return problems


def _finished(log: Sequence[Entry]) -> bool:
    """Whether the ledger's last line, once synced, says that the job is done."""
    lines = _synced_lines(log, "finished.jsonl")
    return bool(lines) and "files" in lines[-1]


def _committed(log: Sequence[Entry]) -> int:
    """Frames in the chunks that the job's journal, as synced, says are done."""
    lines = _synced_lines(log, "journal.jsonl")
    return sum({line["chunk"]: int(line["frames"]) for line in lines if "chunk" in line}.values())


def _synced_lines(log: Sequence[Entry], name: str) -> list[Record]:
    for entry in reversed(log):
        if entry.operation.name == "fsync" and entry.operation.path.endswith(f"/{name}"):
            lines = (entry.content or b"").splitlines(keepends=True)
            return [record for line in lines if (record := decode_line(line)) is not None]
    return []
