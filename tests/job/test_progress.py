from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from streamproc.job.progress import BarProgress, LineProgress, SilentProgress, choose_progress, progress_line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_come_every_ten_seconds_and_resumed_frames_do_not_count_for_the_pace() -> None:
    now = 100.0
    shown: list[str] = []
    progress = LineProgress(lambda state: shown.append(progress_line(state)), clock=lambda: now)
    progress.begin(Path("clip.mp4"), 1000, resumed=500)
    for _ in range(100):
        now += 0.2
        progress.advance(1, 2)
    progress.end()
    assert shown == [
        "clip.mp4: frame 550 of 1000, 5.0 frames/s, 90 s left, 100 detections",
        "clip.mp4: frame 600 of 1000, 5.0 frames/s, 80 s left, 200 detections",
    ]


def test_an_unknown_length_shows_no_time_left() -> None:
    now = 0.0
    shown: list[str] = []
    progress = LineProgress(lambda state: shown.append(progress_line(state)), clock=lambda: now)
    progress.begin(Path("clip.h264"), None, resumed=0)
    now = 10.0
    progress.advance(50, 0)
    assert shown == ["clip.h264: frame 50, 5.0 frames/s, 0 detections"]


def test_a_bar_on_a_terminal_begins_at_the_resumed_frames() -> None:
    stream = Terminal()
    progress = choose_progress(json_log=False, stream=stream)
    assert isinstance(progress, BarProgress)
    progress.begin(Path("street/clip.mp4"), 20, resumed=10)
    progress.advance(10, 7)
    progress.end()
    assert "clip.mp4" in stream.getvalue()
    assert "20/20" in stream.getvalue()


def test_json_lines_for_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    progress = choose_progress(json_log=True, stream=stream)
    assert isinstance(progress, LineProgress)
    times = iter([0.0, 20.0])
    monkeypatch.setattr(progress, "_clock", lambda: next(times))
    progress.begin(Path("clip.mp4"), 100, resumed=0)
    progress.advance(40, 3)
    event = json.loads(stream.getvalue())
    assert event == {
        "event": "progress", "source": "clip.mp4", "frames": 40, "total": 100, "resumed": 0, "detections": 3,
        "frames_per_second": 2.0, "seconds_left": 30.0,
    }  # fmt: skip


def test_silence() -> None:
    progress = SilentProgress()
    progress.begin(Path("clip.mp4"), 10, 0)
    progress.advance(10, 1)
    progress.end()
