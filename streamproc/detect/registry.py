"""Detectors by name: installed through the entry point group ``streamproc.detectors``, or a user's own class.

An entry point, or ``module:Class``, names a factory: anything that makes a Detector when called with DetectorSettings,
usually the class itself. What ``streamproc detectors`` shows is read from optional attributes of the factory:
``object_types``, ``licence``, ``weights`` (a sequence of weights.Weights), and ``check()``, which raises where the
detector cannot run.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from streamproc.detect.detector import Detector
from streamproc.errors import DetectorError, StreamprocError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from streamproc.detect.detector import DetectorSettings
    from streamproc.detect.weights import Weights
    from streamproc.masks.objects import ObjectType

    Factory = Callable[[DetectorSettings], object]

GROUP = "streamproc.detectors"


@dataclass(frozen=True, slots=True)
class DetectorDescription:
    """One installed detector. ``why_not`` says in one line why it is not ``available``, and is empty where it is."""

    name: str
    object_types: frozenset[ObjectType]
    licence: str
    weights: tuple[Weights, ...]
    available: bool
    why_not: str


def create(name: str, settings: DetectorSettings) -> Detector:
    """Make the detector ``name``: an installed name, ``module:Class`` or ``path/to/file.py:Class``.

    Raises DetectorError where there is none of that name, where it cannot be imported or made, or where what it makes
    is no Detector; MissingExtraError where it needs a package that is not installed.
    """
    factory = _factory(name)
    try:
        made = factory(settings)
    except StreamprocError:
        raise
    except Exception as error:  # a plugin may raise anything
        raise DetectorError(f"detector {name} cannot be made: {_told(error)}") from error
    if not isinstance(made, Detector):
        wanted = ("name", "object_types", "licence", "fingerprint", "batch_size", "detect")
        missing = ", ".join(attribute for attribute in wanted if not hasattr(made, attribute))
        raise DetectorError(f"detector {name} made a {type(made).__name__}, which is no detector: it lacks {missing}")
    return made


def installed() -> list[DetectorDescription]:
    """All installed detectors, by name; one that cannot be imported is described as not available."""
    return [_describe(name) for name in _names()]


def _names() -> list[str]:
    return sorted({point.name for point in entry_points(group=GROUP)})


def _describe(name: str) -> DetectorDescription:
    factory, why_not = None, ""
    try:
        factory = _installed(name)
        check = getattr(factory, "check", None)
        if check is not None:
            check()
    except StreamprocError as error:
        why_not = str(error)
    except Exception as error:  # a plugin may raise anything, and must not hide the others
        why_not = f"detector {name} cannot run: {_told(error)}"
    return DetectorDescription(
        name=name,
        object_types=frozenset(getattr(factory, "object_types", ())),
        licence=str(getattr(factory, "licence", "")),
        weights=tuple(getattr(factory, "weights", ())),
        available=not why_not,
        why_not=why_not,
    )


def _factory(name: str) -> Factory:
    if ":" not in name:
        return _installed(name)
    place, _, attribute = name.rpartition(":")
    try:
        module = _from_file(Path(place)) if place.endswith(".py") else _from_path(place)
    except Exception as error:  # a module may raise anything while it is imported
        raise DetectorError(f"detector {name}: {place} cannot be imported: {_told(error)}") from error
    found = getattr(module, attribute, None)
    if not callable(found):
        problem = "has no" if found is None else "cannot call"
        raise DetectorError(f"detector {name}: {place} {problem} {attribute}")
    factory: Factory = found
    return factory


def _installed(name: str) -> Factory:
    points = list(entry_points(group=GROUP, name=name))
    if not points:
        known = ", ".join(_names()) or "none"
        raise DetectorError(
            f"there is no detector {name!r}; installed: {known}; your own: module:Class or path/to/file.py:Class"
        )
    try:
        factory: Factory = points[0].load()
    except StreamprocError:
        raise
    except Exception as error:  # a plugin may raise anything while it is imported
        raise DetectorError(f"detector {name} ({points[0].value}) cannot be imported: {_told(error)}") from error
    return factory


def _from_path(dotted: str) -> ModuleType:
    # A console script does not look into the working directory, where a user's own module usually lies. Last, so that
    # it cannot hide an installed package.
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    return importlib.import_module(dotted)


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    # One module for each file, whatever the path is written like: a dataclass or pickle looks its module up by name.
    name = f"streamproc_detector_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _told(error: Exception) -> str:
    """What happened, in one line."""
    lines = str(error).split("\n")
    return f"{type(error).__name__}: {lines[0]}" if lines[0] else type(error).__name__
