from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, EntryPoints
from typing import TYPE_CHECKING

import pytest

from streamproc.detect import registry
from streamproc.detect.default import DefaultDetector
from streamproc.detect.detector import DetectorSettings
from streamproc.errors import DetectorError, MissingExtraError
from streamproc.masks.objects import ALL_TYPES, ObjectType

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = DetectorSettings(types=frozenset({ObjectType.FACE}))

OWN = """
from dataclasses import dataclass
from streamproc.masks.objects import ObjectType

@dataclass
class Mine:
    settings: object
    name = "mine"
    object_types = frozenset({ObjectType.FACE})
    licence = "MIT"
    fingerprint = "0" * 64
    batch_size = 1

    def detect(self, frames):
        return [[] for _ in frames]

class Lacking:
    name = "lacking"
    def __init__(self, settings): pass

class Failing:
    def __init__(self, settings): raise RuntimeError("no weights\\nhere")

number = 7
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "own_detector.py"
    path.write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return path


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    points = EntryPoints(
        [
            EntryPoint("default", "streamproc.detect.default:DefaultDetector", registry.GROUP),
            EntryPoint("absent", "no_such_package.detector:Detector", registry.GROUP),
            EntryPoint("scripted", "streamproc.detect.scripted:ScriptedDetector", registry.GROUP),
        ]
    )
    monkeypatch.setattr(registry, "entry_points", lambda **wanted: points.select(**wanted))


def test_the_package_installs_the_default_detector() -> None:
    assert isinstance(registry.create("default", SETTINGS), DefaultDetector)


def test_module_and_class(own: Path) -> None:
    made = registry.create("own_detector:Mine", SETTINGS)
    assert made.name == "mine"
    assert made.settings is SETTINGS


@pytest.mark.parametrize("form", ["own_detector.py:Mine", "./own_detector.py:Mine", "absolute"])
def test_file_and_class(own: Path, form: str) -> None:
    made = registry.create(f"{own}:Mine" if form == "absolute" else form, SETTINGS)
    assert made.name == "mine"
    again = registry.create(f"{own}:Mine", SETTINGS)
    assert type(again) is type(made), "one file is one module"


def test_an_unknown_name_lists_what_there_is(plugins: None) -> None:
    with pytest.raises(
        DetectorError, match="no detector 'yolo'; installed: absent, default, scripted; your own: module:Class"
    ):
        registry.create("yolo", SETTINGS)


def test_no_detectors_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda **_: EntryPoints())
    with pytest.raises(DetectorError, match="installed: none"):
        registry.create("default", SETTINGS)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such_module:Mine", r"no_such_module cannot be imported: ModuleNotFoundError"),
        ("missing.py:Mine", r"missing\.py cannot be imported: FileNotFoundError: there is no file missing\.py"),
        ("own_detector:Yours", r"own_detector has no Yours"),
        ("own_detector:number", r"own_detector cannot call number"),
        ("own_detector:Failing", r"cannot be made: RuntimeError: no weights$"),
        ("own_detector:Lacking", r"no detector: it lacks object_types, licence, fingerprint, batch_size, detect"),
    ],
)
def test_what_cannot_be_made_is_told_in_one_line(own: Path, name: str, message: str) -> None:
    with pytest.raises(DetectorError, match=message) as caught:
        registry.create(name, SETTINGS)
    assert "\n" not in str(caught.value)


def test_a_file_that_fails_while_imported_can_be_mended(own: Path) -> None:
    own.write_text("raise KeyError('x')")
    with pytest.raises(DetectorError, match="cannot be imported: KeyError"):
        registry.create(f"{own}:Mine", SETTINGS)
    own.write_text(OWN)
    assert registry.create(f"{own}:Mine", SETTINGS).name == "mine"


def test_a_plugin_that_cannot_be_imported_is_named_and_hides_nothing(plugins: None) -> None:
    absent, default, scripted = registry.installed()
    assert (absent.name, default.name, scripted.name) == ("absent", "default", "scripted")
    assert not absent.available
    assert "no_such_package.detector:Detector" in absent.why_not
    assert absent.object_types == frozenset()
    assert default.available
    assert default.why_not == ""
    assert default.object_types == ALL_TYPES
    assert default.licence == "Apache-2.0 AND MIT"
    assert sum(used.size for used in default.weights) == 10236232
    assert all(used.origin for used in default.weights)
    assert scripted.available
    assert scripted.weights == ()
    with pytest.raises(
        DetectorError, match=r"detector absent \(no_such_package\.detector:Detector\) cannot be imported"
    ):
        registry.create("absent", SETTINGS)


def test_without_onnxruntime_the_default_detector_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    [default] = [one for one in registry.installed() if one.name == "default"]
    assert not default.available
    assert "pip install 'streamproc[onnx]'" in default.why_not
    with pytest.raises(MissingExtraError, match=r"pip install 'streamproc\[onnx\]'"):
        registry.create("default", SETTINGS)
