from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import streamproc

ROOT = Path(__file__).parents[1]


def modules() -> list[str]:
    """The modules whose text has an example; they are imported only when their test runs."""
    found = ["streamproc"]
    for info in pkgutil.walk_packages(streamproc.__path__, "streamproc."):
        spec = info.module_finder.find_spec(info.name, None)
        assert spec is not None
        assert spec.origin is not None
        if ">>> " in Path(spec.origin).read_text(encoding="utf-8"):
            found.append(info.name)
    return found


@pytest.mark.parametrize("name", modules())
def test_examples_in_docstrings_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # they read from sample_media
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
