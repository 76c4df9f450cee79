"""What must hold of an output folder: at any moment, and when the job is done."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streamproc.errors import JournalError
from streamproc.job.journal import read_journal

if TYPE_CHECKING:
    from pathlib import Path

    from crashrig.recording import Entry
    from crashrig.scenarios import Outcome, Scenario

_JOURNALS = ("finished.jsonl", "journal.jsonl")
_NOT_FINAL = (".tmp", ".lock")


@dataclass(frozen=True)
class Reference:
    """The undisturbed run. Names are relative to the folder that the output folder lies in."""

    log: list[Entry]
    final: dict[str, str]
    """What every name stood for in the end; folders too."""
    allowed: dict[str, set[str]] = field(default_factory=dict)
    """What a name that is not a temporary one may ever stand for."""
    seconds: float = 0.0


def refer(before: Path, after: Path, log: list[Entry], seconds: float) -> Reference:
    """The reference that a run made which began with ``before`` and ended in ``after``."""
    allowed: dict[str, set[str]] = {}
    synced: dict[str, bytes] = {}
    for name, found in snapshot(before).items():
        allowed.setdefault(name, set()).add(found)
    for entry in log:
        operation = entry.operation
        if operation.name == "fsync" and entry.content is not None:
            synced[operation.path] = entry.content
        elif operation.name == "rename":
            if operation.path not in synced:
                sys.exit(f"{operation.path} was renamed before it was synced")
            content = synced.pop(operation.path)
            allowed.setdefault(operation.target, set()).add(digest(operation.target, content))
    return Reference(log, snapshot(after), allowed, seconds)


def snapshot(root: Path) -> dict[str, str]:
    """Every file and folder below ``root`` with its digest; of journals only that they are there."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        plain = path.is_file() and path.name not in _JOURNALS
        found[name] = digest(name, path.read_bytes()) if plain else "there"
    return found


def digest(name: str, data: bytes) -> str:
    """SHA-256 of a file; of metadata without the seconds that the work took. Of half a JSON file: that it is half."""
    if name.endswith(".json"):
        try:
            parsed = json.loads(data)
        except ValueError:
            return "no JSON"
        for record in parsed if isinstance(parsed, list) else [parsed]:
            del record["duration"]
        data = json.dumps(parsed).encode()
    return hashlib.sha256(data).hexdigest()


def wrong_at_any_moment(root: Path, reference: Reference) -> list[str]:
    """What stands under a final name and is not what the undisturbed run had there, whole."""
    problems = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_dir() or name.endswith(_NOT_FINAL):
            continue
        if path.name in _JOURNALS:
            try:
                read_journal(path)
            except JournalError as error:
                problems.append(str(error))
        elif digest(name, path.read_bytes()) not in reference.allowed.get(name, ()):
            problems.append(f"{name} is not whole ({path.stat().st_size} bytes)")
    return problems


def wrong_at_the_end(root: Path, reference: Reference, scenario: Scenario, outcome: Outcome) -> list[str]:
    """How a finished job differs from the undisturbed one."""
    if outcome.error or outcome.frames != scenario.frames:
        return [f"{outcome.status}, {outcome.frames} frames: {outcome.error}"]
    now, problems = snapshot(root), []
    for name in sorted(now.keys() | reference.final.keys()):
        if now.get(name) != reference.final.get(name):
            how = "is missing" if name not in now else "is left over" if name not in reference.final else "differs"
            problems.append(f"{name} {how}")
    ids = frame_ids(root / "out")
    if ids != list(range(scenario.frames)) and ids != ["photo.jpg"]:
        problems.append(f"frames of metadata do not tile: {ids}")
    return problems


def frame_ids(out: Path) -> list[object]:
    """The frames of all metadata, file by file in the order of their first frames."""
    found: list[list[object]] = []
    for path in out.rglob("*.json"):
        parsed = json.loads(path.read_bytes())
        found.append([record["id"] for record in (parsed if isinstance(parsed, list) else [parsed])])
    return [one for ids in sorted(found, key=lambda ids: str(ids[0]).zfill(9)) for one in ids]


def committed_frames(root: Path) -> int:
    """How many frames the journals of unfinished jobs below ``root`` say are done."""
    chunks = {}
    for path in root.rglob("journal.jsonl"):
        chunks.update({record["chunk"]: record["frames"] for record in read_journal(path)[0] if "chunk" in record})
    return sum(chunks.values())
