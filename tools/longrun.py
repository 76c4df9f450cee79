"""Shows that a long job costs no more as it goes on, and what going on with one costs.

    python tools/longrun.py                         200,000 tiny frames: 400 chunks
    python tools/longrun.py --resume                20,000 frames, stopped at 90 %, gone on with

The first prints, for every tenth of the job, the memory and open files of the process and the time that a commit took.
The second prints how long it took from the start of the second run to its first new frame.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from streamproc.detect.detection import Detection
from streamproc.detect.scripted import ScriptedDetector
from streamproc.errors import Interrupted
from streamproc.job import video
from streamproc.job.batch import run_batch
from streamproc.job.progress import SilentProgress
from streamproc.job.stopping import StopRequest
from streamproc.masks.objects import ObjectType
from streamproc.options import Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamproc.media.frame import Frame

SIZE = (64, 48)


class OneFace(ScriptedDetector):
    """A face that wanders through a film of any length."""

    def __init__(self) -> None:
        super().__init__({})

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        """One face a frame."""
        return [[Detection(ObjectType.FACE, (n % 40, n % 30, n % 40 + 16, n % 30 + 16), 0.9)] for n in
                (frame.ordinal for frame in frames)]  # fmt: skip


def make_clip(path: Path, frames: int, size: tuple[int, int]) -> None:
    """A moving test picture with a key frame every 250 frames."""
    source = f"testsrc2=size={size[0]}x{size[1]}:rate=25"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, "-frames:v", str(frames), "-c:v", "libx264",
         "-preset", "ultrafast", "-g", "250", "-bf", "2", "-pix_fmt", "yuv420p", str(path)], check=True,
    )  # fmt: skip


def show_growth(folder: Path, frames: int) -> None:
    """Run one long job and print its curve."""
    clip = folder / "long.mp4"
    make_clip(clip, frames, SIZE)
    process = psutil.Process()
    samples: list[tuple[float, int, float]] = []
    commit_chunk = video.commit_chunk

    def measured(*arguments: Any, **named: Any) -> Any:
        begun = time.perf_counter()
        committed = commit_chunk(*arguments, **named)
        samples.append((process.memory_info().rss / 2**20, process.num_fds(), time.perf_counter() - begun))
        return committed

    video.commit_chunk = measured
    begun = time.perf_counter()
    result = run_batch([clip], folder / "out", Options.of(preset="ultrafast", save_mask="all"), detector=OneFace())
    assert result.ok, result.failed[0].error
    print(f"{frames} frames of {SIZE[0]}x{SIZE[1]}, {len(samples)} chunks, {time.perf_counter() - begun:.0f} s")
    print(f"{'chunks':>12} {'RSS, MB':>8} {'open files':>10} {'commit, ms (median)':>20}")
    step = max(1, len(samples) // 10)
    for first in range(0, len(samples), step):
        some = samples[first : first + step]
        commits = statistics.median(seconds for *_, seconds in some) * 1000
        memory = statistics.median(rss for rss, *_ in some)
        files = max(count for _, count, _ in some)
        print(f"{first:>5}..{first + len(some) - 1:<5} {memory:>8.1f} {files:>10} {commits:>20.1f}")


class FirstFrame(SilentProgress):
    """Remembers when the first frame of a run was rendered."""

    at: float | None = None

    def advance(self, frames: int, detections: int) -> None:
        """Look at the clock, once."""
        super().advance(frames, detections)
        if self.at is None:
            self.at = time.perf_counter()


class StopAt(OneFace):
    """Asks to stop at a frame."""

    def __init__(self, ordinal: int, stop: StopRequest) -> None:
        super().__init__()
        self._ordinal, self._stop = ordinal, stop

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        """Ask, and find."""
        if any(frame.ordinal == self._ordinal for frame in frames):
            self._stop.ask(15)
        return super().detect(frames)


def show_resume(folder: Path, frames: int, suffix: str) -> None:
    """Stop a job at 90 % and go on with it."""
    clip = folder / f"clip{suffix}"
    make_clip(clip, frames, (320, 240))
    options, out = Options.of(preset="ultrafast"), folder / f"out{suffix}"
    stop = StopRequest()
    try:
        run_batch([clip], out, options, detector=StopAt(frames * 9 // 10 - 250, stop), stop=stop)
    except Interrupted as stopped:
        print(stopped)
    first = FirstFrame()
    begun = time.perf_counter()
    result = run_batch([clip], out, options, detector=OneFace(), progress=first)
    whole = time.perf_counter() - begun
    assert result.ok, result.failed[0].error
    assert first.at is not None
    (source,) = result.sources
    print(f"{clip.name}: {source.notes}")
    print(f"{clip.name}: first new frame after {first.at - begun:.2f} s; all done after {whole:.2f} s")


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resume", action="store_true", help="measure going on instead of growing")
    parser.add_argument("--frames", type=int, help="frames of the clip")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as name:
        if arguments.resume:
            for suffix in (".mp4", ".ts", ".mkv"):
                show_resume(Path(name), arguments.frames or 20_000, suffix)
        else:
            show_growth(Path(name), arguments.frames or 200_000)


if __name__ == "__main__":
    main()
