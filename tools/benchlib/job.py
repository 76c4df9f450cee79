"""Section ``job``: a whole job with given detections against a bare decode and encode loop."""

from __future__ import annotations

import json
import shutil
from functools import partial
from typing import TYPE_CHECKING, Any

from benchlib.child import interleaved, run, script
from benchlib.report import Figure, ratios

if TYPE_CHECKING:
    from pathlib import Path

    from benchlib.child import Ran
    from benchlib.material import Material

SECTION = "job: blur, metadata, 12 given objects a frame"
JOBS: dict[str, dict[str, Any]] = {
    "job": {},
    "job, both mask videos": {"save_mask": "all"},
    "job, nothing covered": {"method": "detect", "write_video": True},
    "job, chunks of 100 frames": {"chunk_frames": 100},
}
_CRF = 18


def measure(material: Material, folder: Path, rounds: int, preset: str, threads: int) -> list[Figure]:
    """Two bare loops and the ``JOBS`` in turn.

    The given objects wander over a picture that mostly stands still, which costs the encoder a tenth more bits than
    the bare loop's; the job that covers nothing encodes the very pictures of the bare loop.
    """
    options = {"detections": str(material.detections), "preset": preset, "crf": _CRF, "threads": threads}
    bare = (material.clip, folder / "bare.mp4", preset, _CRF, threads)
    things = {
        "bare": lambda: run(script("bare_loop", *bare, "slice")),
        "bare, frame threads": lambda: run(script("bare_loop", *bare, "auto")),
    }
    for name, more in JOBS.items():
        things[name] = partial(job, material, folder / "job", {**options, **more})
    ran = interleaved(rounds, things)
    figures = []
    for name, at_most in (("job", 1.05), ("job, both mask videos", 1.3)):
        job_seconds = [one.answer["seconds"] for one in ran[name]]
        for base in ("bare", "bare, frame threads"):
            samples = ratios(job_seconds, [one.answer["seconds"] for one in ran[base]])
            figures.append(Figure(SECTION, f"{name} / {base}", "x wall", samples, at_most=at_most))
        for what in ("wall", "cpu"):
            samples = ratios([getattr(one, what) for one in ran[name]], [getattr(one, what) for one in ran["bare"]])
            unit = {"wall": "x wall", "cpu": "x cpu"}[what]
            figures.append(Figure(SECTION, f"{name} / bare, whole processes", unit, samples))
    for name in ("job, nothing covered", "job, chunks of 100 frames"):
        samples = ratios([one.answer["seconds"] for one in ran[name]], [one.answer["seconds"] for one in ran["job"]])
        figures.append(Figure(SECTION, f"{name} / job", "x wall", samples))
    for key in ran:
        rate = [one.answer["frames"] / one.answer["seconds"] for one in ran[key]]
        figures.append(Figure(SECTION, f"{key}: frames a second", "1/s", rate))
    for key in ("job", "job, both mask videos"):
        figures += _stages(key, ran[key])
    return figures


def job(material: Material, folder: Path, options: dict[str, Any]) -> Ran:
    """One job into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    return run(script("one_job", material.clip, folder, json.dumps(options)))


def _stages(key: str, ran: list[Ran]) -> list[Figure]:
    """Work a frame by stage."""
    note = (
        "stages run side by side; detect is reading and drawing the given detections; a ratio without `whole "
        "processes` leaves imports out"
    )
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
