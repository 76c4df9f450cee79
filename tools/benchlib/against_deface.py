"""Section ``deface``: frames a second as whole processes, against deface 1.5 on the same clip and cores."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from benchlib.child import interleaved, run
from benchlib.report import Figure, ratios
from benchlib.startup import process

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchlib.child import Ran
    from benchlib.material import Material

SECTION = "deface: whole processes with their own detectors"
_PACKAGES = ("deface==1.5.*", "onnx", "onnxruntime")


def measure(clips: Mapping[str, Material], folder: Path, cache: Path, rounds: int) -> list[Figure]:
    """deface as it comes, its back end onnxruntime; ours for faces only, and for all four types."""
    deface = install(cache / "deface")
    return [figure for name in clips for figure in _on(name, clips[name], folder, deface, rounds)]


def _on(clip: str, material: Material, folder: Path, deface: Path, rounds: int) -> list[Figure]:
    result = folder / "deface.mp4"

    def theirs() -> Ran:
        result.unlink(missing_ok=True)
        return run([str(deface), str(material.clip), "-o", str(result), "--backend", "onnxrt"])

    def ours(*options: str) -> Ran:
        shutil.rmtree(folder / "ours", ignore_errors=True)
        return run(process(material.clip, folder / "ours", *options, "--json-log"))

    things = {"deface": theirs, "faces only": lambda: ours("-a", "face"), "all types": ours}
    ran = interleaved(rounds, things)
    note = f"{material.frames} frames, {material.width}x{material.height}; {versions(deface)}; all else as by default"
    figures = []
    for name, at_least in (("faces only", 8), ("all types", 5)):
        wall = ratios([one.wall for one in ran["deface"]], [one.wall for one in ran[name]])
        cpu = ratios([one.cpu for one in ran["deface"]], [one.cpu for one in ran[name]])
        figures += [
            Figure(SECTION, f"{clip}: {name}, frames a second", "x deface", wall, at_least=at_least, note=note),
            Figure(SECTION, f"{clip}: deface / {name}, processor time", "x", cpu),
        ]
    for name, taken in ran.items():
        rate = [material.frames / one.wall for one in taken]
        cpu = [1000 * one.cpu / material.frames for one in taken]
        figures.append(Figure(SECTION, f"{clip}: {name}", "frames/s", rate))
        figures.append(Figure(SECTION, f"{clip}: {name}, processor time", "ms/frame", cpu))
    for stage in ("decode", "detect", "render", "encode video"):
        taken = [1000 * one.answer["stage_seconds"][stage] / material.frames for one in ran["all types"]]
        figures.append(Figure(SECTION, f"{clip}: all types, {stage}", "ms/frame", taken))
    objects = ran["all types"][0].answer["objects"]
    for name, count in sorted(objects.items()):
        figures.append(Figure(SECTION, f"{clip}: objects found, {name}", "a frame", [count / material.frames]))
    return figures


def install(environment: Path) -> Path:
    """A virtual environment with deface and its onnxruntime back end; gives its program."""
    program = environment / "bin" / "deface"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True)
        subprocess.run([str(environment / "bin" / "pip"), "install", "--quiet", *_PACKAGES], check=True)
    return program


def versions(program: Path) -> str:
    """What was installed."""
    listed = subprocess.run(
        [str(program.with_name("pip")), "list", "--format", "json", "--disable-pip-version-check"],
        check=True,
        capture_output=True,
    )
    found = {entry["name"]: entry["version"] for entry in json.loads(listed.stdout)}
    return ", ".join(f"{name} {found[name]}" for name in ("deface", "onnxruntime", "imageio-ffmpeg") if name in found)
