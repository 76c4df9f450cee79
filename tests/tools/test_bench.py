"""The bench runs, on a clip of a few frames: what it measures is for people to read, that it measures is for us."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SMALL = ["--rounds", "1", "--frames", "4", "--size", "160x96", "--preset", "ultrafast", "--threads", "1"]
SECTIONS = ["job", "kernels", "startup", "memory"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    process = subprocess.run(
        [
            sys.executable, "tools/bench.py", *SECTIONS, *SMALL, "--lengths", "3", "6", "--small", "64x64",
            "--cache", folder / "cache", "--json", folder / "figures.json",
        ],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    return process.stdout, json.loads((folder / "figures.json").read_text(encoding="utf-8"))


def test_every_section_gives_figures_and_holds_them_against_its_bars(ran):
    _, found = ran
    bars = {figure["section"].partition(":")[0]: [] for figure in found["figures"]}
    for figure in found["figures"]:
        bars[figure["section"].partition(":")[0]].append(figure["bar"])
    assert list(bars) == SECTIONS
    assert set(bars["job"]) == {"<= 1.05", "<= 1.3", None}
    assert set(bars["kernels"]) == {"<= 2", ">= 8", None}
    assert set(bars["startup"]) == {"<= 0.2", "<= 1.5", None}
    assert set(bars["memory"]) == {"<= 1.05", "<= 400", None}


def test_figures_are_medians_of_their_samples_and_say_whether_the_bar_holds(ran):
    _, found = ran
    for figure in found["figures"]:
        samples = sorted(figure["samples"])
        assert figure["min"] == samples[0] <= figure["median"] <= samples[-1] == figure["max"]
        if figure["bar"] is None:
            assert figure["holds"] is None
        else:
            sign, limit = figure["bar"].split()
            kept = figure["median"] <= float(limit) if sign == "<=" else figure["median"] >= float(limit)
            assert figure["holds"] is kept


def test_the_table_has_a_line_for_every_figure(ran):
    table, found = ran
    for figure in found["figures"]:
        assert figure["section"] in table
        assert f"  {figure['name']}  " in table
    assert "MISSED" in table or "holds" in table


def test_the_machine_and_the_versions_are_told(ran):
    table, found = ran
    assert found["machine"]["cores"] >= 1
    assert {"streamproc", "av", "numpy", "numba"} <= set(found["machine"]["versions"])
    assert found["machine"]["cpu"] in table


def test_an_unknown_section_is_refused():
    process = subprocess.run(
        [sys.executable, "tools/bench.py", "nothing"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert process.returncode == 2
    assert "no section nothing" in process.stderr
