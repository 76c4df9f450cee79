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
    from pathlib import Path

    from benchlib.child import Ran
    from benchlib.material import Material

SECTION = "deface: whole processes with their own detectors"
_PACKAGES = ("deface==1.5.*", "onnx", "onnxruntime")


def measure(material: Material, folder: Path, cache: Path, rounds: int) -> list[Figure]:
    """deface as it comes, its back end onnxruntime; ours for faces only, and for all four types."""
    deface = install(cache / "deface")
    result = folder / "deface.mp4"

    def theirs() -> Ran:
        result.unlink(missing_ok=True)
        return run([str(deface), str(material.clip), "-o", str(result), "--backend", "onnxrt"])

    def ours(*options: str) -> Ran:
        shutil.rmtree(folder / "ours", ignore_errors=True)
        return run(process(material.clip, folder / "ours", *options))

    ran = interleaved(rounds, {"deface": theirs, "faces": lambda: ours("-a", "face"), "all": ours})
    note = f"{material.frames} frames, {material.width}x{material.height}; {versions(deface)}; all else as by default"
    walls = {name: [one.wall for one in taken] for name, taken in ran.items()}
    rates = {name: [material.frames / wall for wall in taken] for name, taken in walls.items()}
    return [
        Figure(SECTION, "faces only", "x deface", ratios(walls["deface"], walls["faces"]), at_least=8, note=note),
        Figure(SECTION, "all four types", "x deface", ratios(walls["deface"], walls["all"]), at_least=5),
        *(Figure(SECTION, f"{name}: frames a second", "1/s", rate) for name, rate in rates.items()),
        *(
            Figure(SECTION, f"{name}: processor time", "ms/frame", [1000 * one.cpu / material.frames for one in taken])
            for name, taken in ran.items()
        ),
    ]


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
