"""Kills at chosen and at random moments, several a job, until enough; then what came of them."""

from __future__ import annotations

import os
import signal
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from crashrig import child
from crashrig.compare import committed_frames, wrong_at_any_moment, wrong_at_the_end
from crashrig.operations import watching
from crashrig.scenarios import fresh

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from crashrig.compare import Reference
    from crashrig.operations import Operation
    from crashrig.scenarios import Outcome, Scenario

AT_RANDOM = "random time"
_MOST_KILLS = 4  # of one job
_FILES = {
    "finished.jsonl": "ledger",
    "journal.jsonl": "journal",
    ".lock": "lock",
    ".joined.tmp": "joined film",
    ".mp4.tmp": "part",
    ".json.tmp": "metadata",
    ".png.tmp": "mask picture",
    ".tmp": "file of an image",
    "": "result",
}


@dataclass(frozen=True)
class Moment:
    """``phase`` of an operation: before it, in the middle of a write, or after it."""

    phase: str
    operation: Operation

    @property
    def words(self) -> str:
        """The moment without which chunk it was in: a line of the table."""
        name, path = self.operation.name, self.operation.path
        what = next(words for ending, words in _FILES.items() if path.endswith(ending))
        if name in ("mkdir", "rmdir") or (name == "fsync" and what == "result"):
            what = "folder"
        in_work = what in ("folder", "result") and ".streamproc" in path
        return f"{self.phase} {name} of {'work ' if in_work else ''}{what}"


class Killer:
    """Kills this process at a moment."""

    def __init__(self, moment: Moment) -> None:
        self._phase = moment.phase
        self._key = replace(moment.operation, target="")

    def before(self, operation: Operation) -> None:
        """Die, if it is this one."""
        if self._phase == "before" and replace(operation, target="") == self._key:
            self.torn()

    def after(self, operation: Operation) -> None:
        """Die, if it was this one."""
        if self._phase == "after" and replace(operation, target="") == self._key:
            self.torn()

    def only(self, operation: Operation, size: int) -> int:
        """Half of the write to die in."""
        return size // 2 if self._phase == "within" and operation == self._key else size

    def torn(self) -> None:
        """Die."""
        os.kill(os.getpid(), signal.SIGKILL)


def moments_of(reference: Reference) -> list[Moment]:
    """Before every operation of the undisturbed run, in the middle of every write, and after the last operation.

    After one operation is before the next: only what other threads have done by then is different.
    """
    found = []
    for entry in reference.log:
        found.append(Moment("before", entry.operation))
        if entry.operation.name == "write":
            found.append(Moment("within", entry.operation))
    return [*found, Moment("after", reference.log[-1].operation)]


def spread(moments: Sequence[Moment], count: int, used: Counter[str], chance: random.Random) -> list[Moment]:
    """``count`` of ``moments``: of every kind in turn, those first that were ``used`` least, each time another one."""
    kinds: dict[str, list[Moment]] = defaultdict(list)
    for moment in chance.sample(moments, len(moments)):
        kinds[moment.words].append(moment)
    chosen: list[Moment] = []
    while len(chosen) < min(count, len(moments)):
        # Halves of writes before the rest: a kill at a random time hardly ever meets one.
        words = min(
            (words for words, left in kinds.items() if left),
            key=lambda words: (used[words], not words.startswith("within")),
        )
        chosen.append(kinds[words].pop())
        used[words] += 1
    return chosen


@dataclass
class Tally:
    """What came of the kills, by scenario and moment."""

    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    failed: Counter[tuple[str, str]] = field(default_factory=Counter)
    jobs: int = 0
    resumed: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """All kills."""
        return sum(self.kills.values())

    def table(self) -> Iterable[str]:
        """A line for each kind of moment, and one for all."""
        yield f"{'scenario':<10} {'moment':<38} {'kills':>5}  outcome"
        for (scenario, words), kills in sorted(self.kills.items()):
            bad = self.failed[scenario, words]
            yield f"{scenario:<10} {words:<38} {kills:>5}  {f'{bad} DIFFER' if bad else 'same bytes'}"
        yield (
            f"{self.total} kills in {self.jobs} jobs, {self.resumed} frames not done again; "
            f"{len(self.problems)} differences"
        )


class Killing:
    """Kills jobs of one scenario."""

    def __init__(self, scenario: Scenario, reference: Reference, before: Path, folder: Path, tally: Tally) -> None:
        self._scenario, self._reference, self._before = scenario, reference, before
        self._root, self._tally = folder, tally
        self._order = {moment: place for place, moment in enumerate(moments_of(reference))}

    def chosen(self, moments: list[Moment], chance: random.Random) -> None:
        """Kill at each of ``moments``, up to four of them in one job, in the order in which they come."""
        left = chance.sample(moments, len(moments))
        while left:
            several = sorted(left[: chance.randint(1, _MOST_KILLS)], key=self._order.__getitem__)
            met = self._job(several)
            if not met:
                self._tally.problems.append(f"{self._scenario.name}: {several[0]} never came")
                left.remove(several[0])
            left = [moment for moment in left if moment not in met]

    def timed(self, count: int, chance: random.Random) -> None:
        """Kill ``count`` times after a random part of the time that the undisturbed run took."""
        while count > 0:
            kills = min(count, chance.randint(1, _MOST_KILLS))
            count -= len(self._job([chance.uniform(0, self._reference.seconds) for _ in range(kills)]))

    def _job(self, stops: Sequence[Moment | float]) -> list[Moment | float]:
        """One job, killed at each of ``stops`` that comes, then left alone. Gives those that came."""
        tally, name = self._tally, self._scenario.name
        out = fresh(self._before, self._root)
        tally.jobs += 1
        met: list[Moment | float] = []
        problems: list[str] = []
        for stop in stops:
            ended = (
                child.run(partial(self._scenario.run, out), stop)
                if isinstance(stop, float)
                else child.run(partial(self._run_to, stop))
            )
            if not ended.killed:
                problems += [ended.failure] if ended.failure else []
                break
            met.append(stop)
            problems += wrong_at_any_moment(self._root, self._reference)
        if not problems:
            problems = self._to_the_end(out)
        for stop in met:
            key = name, AT_RANDOM if isinstance(stop, float) else stop.words
            tally.kills[key] += 1
            tally.failed[key] += bool(problems)
        where = ", ".join(f"{stop:.3f} s" if isinstance(stop, float) else str(stop) for stop in met)
        tally.problems += [f"{name}, killed at {where}: {problem}" for problem in problems]
        return met

    def _run_to(self, moment: Moment) -> Outcome:
        with watching(self._root, Killer(moment)):
            return self._scenario.run(self._root / "out")

    def _to_the_end(self, out: Path) -> list[str]:
        """Let the job end; gives all that is wrong then."""
        committed = committed_frames(self._root)
        ended = child.run(partial(self._scenario.run, out))
        if ended.answer is None:
            return [ended.failure]
        problems = wrong_at_the_end(self._root, self._reference, self._scenario, ended.answer)
        if ended.answer.status == "done" and not self._scenario.options.get("overwrite"):
            self._tally.resumed += ended.answer.resumed
            if ended.answer.resumed != committed:
                problems.append(f"{committed} frames were committed, {ended.answer.resumed} were not done again")
        if not self._scenario.options.get("overwrite"):
            problems += self._nothing_more(out)
        return problems

    def _nothing_more(self, out: Path) -> list[str]:
        """A run of a finished job changes nothing."""
        before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
        ended = child.run(partial(self._scenario.run, out))
        if ended.answer is None:
            return [ended.failure]
        after = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
        return [] if ended.answer.status == "already done" and before == after else ["was done again"]
