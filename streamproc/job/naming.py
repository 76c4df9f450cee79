"""From what the user typed to sources and the names of their results.

Inputs are files, folders (walked recursively, sub-folders mirrored), patterns with ``*``, ``?``, ``[]`` and ``**``.
Nothing is opened here; a name's suffix decides whether a file found in a folder is looked at.
"""

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from streamproc.errors import OutputOverInputError, SourceError, SourceNotFoundError, UsageError
from streamproc.media.container import CONTAINERS
from streamproc.media.suffixes import IMAGE_SUFFIXES, VIDEO_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

WORK_FOLDER = ".streamproc"

_URL = re.compile(r"([a-z][a-z0-9+.-]+://)(?:[^/@]*@)?", re.IGNORECASE)  # with user and password, never to be shown
_NEVER_FILMS = IMAGE_SUFFIXES - {".gif", ".png", ".webp"}  # these three may be animated, and then become films


@dataclass(frozen=True, slots=True)
class Planned:
    """One source and the names of its results.

    ``folder`` is the source's folder relative to the input root it was found under, in POSIX form, None at the root;
    ``target`` the same folder under the output. ``picture_stem`` names an anonymised film, ``data_stem`` metadata and
    masks: the file name's stem, or the whole file name for all but the first of one stem in a folder. Stills keep
    their names.
    """

    source: Path
    folder: str | None
    target: Path
    picture_stem: str
    data_stem: str

    def metadata_name(self, first: int, last: int) -> str:
        """Name of a chunk's metadata: ordinals of its first and last frame, both inclusive."""
        return f"{self.data_stem}-{first}-{last}.json"

    @property
    def image_metadata_name(self) -> str:
        """Name of a still image's metadata."""
        return f"{self.data_stem}.json"

    @property
    def mask_names(self) -> dict[str, str]:
        """Stems of the binary and the instance mask; ``maks`` is how the format spells it."""
        return {"binary": f"{self.data_stem}_bin_mask", "instance": f"{self.data_stem}_ins_maks"}


@dataclass(frozen=True, slots=True)
class Plan:
    """All sources in the order they are worked on, and the inputs that could not even be planned."""

    sources: list[Planned]
    failures: list[tuple[Path, SourceError]]


def plan(inputs: Iterable[str | os.PathLike[str]], output: Path) -> Plan:
    """Find all sources of ``inputs`` and name their results under ``output``.

    Raises UsageError when there is no input, OutputOverInputError when a result would land on an input, or two
    sources on one result. A file that several inputs lead to is one source.
    """
    found: dict[Path, Path] = {}  # source -> root
    failures: list[tuple[Path, SourceError]] = []
    given = [os.fspath(item) for item in inputs]
    if not given:
        raise UsageError("no input given; name at least one file, folder or pattern")
    seen: set[str] = set()
    for text in given:
        if not text:
            raise UsageError("an input has an empty name; is a variable unset?")
        if _URL.match(text) and not Path(text).exists():
            shown = _URL.sub(r"\1", text)
            raise UsageError(f"{shown}: is a URL; inputs are files, folders and patterns")
        try:
            for source, root in _sources(text, output):
                absolute = os.path.abspath(source)  # noqa: PTH100  not resolved: a link is a source of its own
                if absolute not in seen:
                    seen.add(absolute)
                    found[source] = root
        except SourceError as error:
            failures.append((Path(text), error))
    planned = _name_all(found, output)
    _refuse_collisions(planned)
    return Plan(planned, failures)


def _sources(text: str, output: Path) -> Iterator[tuple[Path, Path]]:
    path = Path(text)
    if path.is_dir():
        for file in _walk(path, output):
            yield file, path
    elif path.is_file():
        yield path, path.parent
    elif path.exists():
        raise SourceNotFoundError(f"{text}: is no regular file; give one that can be read more than once")
    elif glob.has_magic(text):
        matches = [Path(match) for match in sorted(glob.glob(text, recursive=True))]  # noqa: PTH207  Path.glob takes no absolute pattern
        files = [match for match in matches if match.is_file() and not _within(match, output)]
        if not files:
            raise SourceNotFoundError(f"{text}: no file matches this pattern")
        root = _plain_part(text)
        for file in files:
            yield file, root
    else:
        raise SourceNotFoundError(f"{text}: there is no such file or folder")


def _walk(folder: Path, output: Path) -> Iterator[Path]:
    """Media files below ``folder`` in a stable order; hidden ones and what lies in the output folder are left out."""
    known = IMAGE_SUFFIXES | VIDEO_SUFFIXES
    count = 0
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not _same(Path(here, name), output)
        )
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in known:
                count += 1
                yield Path(here, name)
    if not count:
        raise SourceNotFoundError(f"{folder}: no image or video in this folder (they are told by their suffixes)")


def _plain_part(pattern: str) -> Path:
    """The leading folders of a pattern that hold no wildcard: results are mirrored below them."""
    parts = []
    for part in Path(pattern).parts[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return Path(*parts)


def _name_all(found: dict[Path, Path], output: Path) -> list[Planned]:
    planned = []
    taken: set[Path] = set()
    films: set[Path] = set()
    for source, root in sorted(found.items()):
        relative = source.parent.relative_to(root)
        target = output / relative
        key = target / source.stem
        # A film may change its container, and so take the name of a neighbour: a.avi becomes a.mp4 beside a.mp4.
        film = source.suffix.lower() not in _NEVER_FILMS
        planned.append(
            Planned(
                source=source,
                folder=None if relative == Path() else PurePosixPath(relative).as_posix(),
                target=target,
                picture_stem=source.name if film and key in films else source.stem,
                data_stem=source.name if key in taken else source.stem,
            )
        )
        taken.add(key)
        if film:
            films.add(key)
    return planned


def _refuse_collisions(planned: Sequence[Planned]) -> None:
    inputs = {_identity(entry.source): entry.source for entry in planned}
    folders: dict[Path, Path] = {}
    for entry in planned:
        for name in _possible_names(entry):
            over = inputs.get(_identity(entry.target / name))
            if over is not None:
                raise OutputOverInputError(
                    f"{entry.source}: its result {entry.target / name} would land on the input {over}; "
                    "choose another output folder"
                )
        # Within one folder names are told apart; sources of two folders that meet in one are the caller's to sort out.
        folder = folders.setdefault(entry.target / entry.source.stem, entry.source.parent)
        if folder != entry.source.parent:
            raise OutputOverInputError(
                f"{folder / entry.source.stem}.* and {entry.source} would both be written as "
                f"{entry.target / entry.source.stem}.*; give the folder that holds both, or use two output folders"
            )


def _possible_names(entry: Planned) -> list[str]:
    own = entry.source.suffix
    suffixes = {own} if own.lower() in CONTAINERS else set()
    if own.lower() not in _NEVER_FILMS:
        suffixes |= {".mp4", ".mkv"}
    names = [entry.source.name] if own.lower() in IMAGE_SUFFIXES else []  # stills keep their names
    names += [entry.picture_stem + suffix for suffix in sorted(suffixes)]
    names += [stem + suffix for stem in entry.mask_names.values() for suffix in (".mp4", ".png")]
    return names


def _identity(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))


def _same(one: Path, other: Path) -> bool:
    return _identity(one) == _identity(other)


def _within(path: Path, folder: Path) -> bool:
    return Path(_identity(path)).is_relative_to(_identity(folder))
