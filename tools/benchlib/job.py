"""Section ``job``: a whole job with given detections against a bare decode and encode loop."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from benchlib.child import interleaved, run, script
from benchlib.report import Figure, ratios

if TYPE_CHECKING:
    from pathlib import Path

    from benchlib.child import Ran
    from benchlib.material import Material

SECTION = "job: blur, metadata, 12 given objects a frame"
_CRF = 18


def measure(material: Material, folder: Path, rounds: int, preset: str, threads: int) -> list[Figure]:
    """Bare loops, the job, and the job with both mask videos, in turn."""
    options = {"detections": str(material.detections), "preset": preset, "crf": _CRF, "threads": threads}
    bare = (material.clip, folder / "bare.mp4", preset, _CRF, threads)
    ran = interleaved(
        rounds,
        {
            "bare": lambda: run(script("bare_loop", *bare, "slice")),
            "bare auto": lambda: run(script("bare_loop", *bare, "auto")),
            "job": lambda: job(material, folder / "job", options),
            "job masks": lambda: job(material, folder / "job", {**options, "save_mask": "all"}),
        },
    )
    figures = [
        _ratio("no masks, wall", ran["job"], ran["bare"], at_most=1.05),
        _ratio("both mask videos, wall", ran["job masks"], ran["bare"], at_most=1.3),
        _ratio("no masks, wall, decoder with frame threads", ran["job"], ran["bare auto"]),
        _ratio("both mask videos, wall, same", ran["job masks"], ran["bare auto"]),
    ]
    for name, key in (("no masks", "job"), ("both mask videos", "job masks")):
        cpu = ratios([one.cpu for one in ran[key]], [one.cpu for one in ran["bare"]])
        figures.append(Figure(SECTION, f"{name}, processor time of the process", "x bare", cpu))
        whole = ratios([one.wall for one in ran[key]], [one.wall for one in ran["bare"]])
        figures.append(Figure(SECTION, f"{name}, wall of the process, start included", "x bare", whole))
    for key in ran:
        rate = [one.answer["frames"] / one.answer["seconds"] for one in ran[key]]
        figures.append(Figure(SECTION, f"{key}: frames a second", "1/s", rate))
    for key in ("job", "job masks"):
        figures += _stages(key, ran[key])
    return figures


def job(material: Material, folder: Path, options: dict[str, Any]) -> Ran:
    """One job into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    return run(script("one_job", material.clip, folder, json.dumps(options)))


def _ratio(name: str, upper: list[Ran], lower: list[Ran], at_most: float | None = None) -> Figure:
    samples = ratios([one.answer["seconds"] for one in upper], [one.answer["seconds"] for one in lower])
    return Figure(SECTION, name, "x bare", samples, at_most=at_most)


def _stages(key: str, ran: list[Ran]) -> list[Figure]:
    """Work a frame by stage, and its share of the job's wall time; stages run side by side."""
    note = "stages run side by side; detect is reading and drawing given detections; join and commit end the job"
    return [
        Figure(
            SECTION,
            f"{key}: {stage}",
            "ms/frame",
            [1000 * one.answer["stages"][stage] / one.answer["frames"] for one in ran],
            note=note,
        )
        for stage in ran[0].answer["stages"]
    ]
