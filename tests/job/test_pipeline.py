from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamproc.detect.detection import Detection
from streamproc.detect.scripted import ScriptedDetector
from streamproc.errors import DetectorError, EncodeError, SourceDecodeError
from streamproc.job.clock import StageClock
from streamproc.job.parts import ClosedPart
from streamproc.job.pipeline import ChunkData, Pipeline
from streamproc.job.progress import SilentProgress
from streamproc.job.render import Renderer
from streamproc.job.stopping import StopRequest
from streamproc.masks.objects import ObjectType
from streamproc.media.frame import Frame
from streamproc.media.mark import Mark
from streamproc.media.memory_source import MemorySource
from streamproc.options import Options

SIZE = 16


def make_source(count: int) -> MemorySource:
    planes = [[np.full((SIZE, SIZE), 40 + number, np.uint8)] for number in range(count)]
    times = [number * 7 + number % 3 for number in range(count)]
    return MemorySource(
        [
            Frame.from_planes(p, "gray", ordinal=n, pts=times[n], time_base=Fraction(1, 90))
            for n, p in enumerate(planes)
        ],
        Path("clip.mp4"),
    )


class RecordingSink:
    """Writes down what it is given instead of encoding it."""

    def __init__(self, kind: str, give_back: Any = lambda _: None, fail_at: int = -1) -> None:
        self.kind, self._give_back, self._fail_at = kind, give_back, fail_at
        self.parts: dict[int, list[tuple[int, int]]] = {}
        self.aborted = False
        self.written = threading.Semaphore(0)
        self._chunk = -1

    def begin(self, chunk: int) -> None:
        self._chunk = chunk
        self.parts[chunk] = []

    def write(self, frame: Frame) -> None:
        if frame.ordinal == self._fail_at:
            raise EncodeError("the encoder refused")
        self.parts[self._chunk].append((frame.ordinal, int(frame.planes[0][8, 8])))
        self._give_back(frame)
        self.written.release()

    def finish(self) -> ClosedPart:
        frames = len(self.parts[self._chunk])
        return ClosedPart(self.kind, self._chunk, [], frames, lambda: frames)

    def abort(self) -> None:
        self.aborted = True


class Run:
    """A pipeline over recording sinks, and what it committed."""

    def __init__(self, source: Any, detector: Any = None, chunk: int = 5, committed: Sequence[int] = (), **more: Any):
        options = Options.of(save_mask="binary", method="blacken")
        renderer = Renderer(options, SIZE, SIZE)
        (pool,) = renderer.pools.values()
        self.video = RecordingSink("video", fail_at=more.get("fail_at", -1))
        self.binary = RecordingSink("binary", pool.give_back)
        self.commits: list[tuple[ChunkData, list[str]]] = []
        self.stop = more.get("stop", StopRequest())
        self.clock = StageClock()
        self.on_commit = more.get("on_commit", lambda _: None)
        self.pipeline = Pipeline(
            source,
            detector or ScriptedDetector({}),
            renderer,
            [self.video, self.binary],
            chunk_frames=chunk,
            segmentation=False,
            committed=dict.fromkeys(committed),
            commit=self._commit,
            clock=self.clock,
            progress=SilentProgress(),
            stop=self.stop,
        )

    def _commit(self, data: ChunkData, parts: list[ClosedPart]) -> None:
        self.commits.append((data, sorted(part.kind for part in parts)))
        self.on_commit(data)


def covered(x: int = 4) -> Detection:
    return Detection(ObjectType.FACE, (x, x, 12, 12), 0.9)


def test_every_frame_goes_once_and_in_order_through_every_output() -> None:
    run = Run(make_source(23), ScriptedDetector({3: [covered()]}))
    run.pipeline.run()
    assert run.pipeline.reached_end
    pictures = [entry for chunk in sorted(run.video.parts) for entry in run.video.parts[chunk]]
    assert pictures == [(n, 16 if n == 3 else 40 + n) for n in range(23)]
    masks = [entry for chunk in sorted(run.binary.parts) for entry in run.binary.parts[chunk]]
    assert masks == [(n, 255 if n == 3 else 0) for n in range(23)]
    assert [(data.first, len(data.ticks), kinds) for data, kinds in run.commits] == [
        (first, min(5, 23 - first), ["binary", "video"]) for first in range(0, 23, 5)
    ]
    assert [tick for data, _ in run.commits for tick in data.ticks] == [n * 7 + n % 3 for n in range(23)]
    records = [record for data, _ in run.commits for record in json.loads(data.metadata.to_bytes())]
    assert [record["id"] for record in records] == list(range(23))
    assert records[3]["detections"][0]["is_anonymised"] is True
    assert run.commits[0][0].objects == {"face": 1}
    assert set(run.clock.seconds) == {"decode", "detect", "render", "encode video", "encode binary", "commit"}


def test_a_film_of_whole_chunks_has_no_empty_one_at_its_end() -> None:
    run = Run(make_source(10))
    run.pipeline.run()
    assert [data.first for data, _ in run.commits] == [0, 5]
    assert run.pipeline.reached_end


def test_committed_chunks_are_not_worked_on_again() -> None:
    run = Run(make_source(23), committed=[0, 2])
    run.pipeline.run()
    assert [data.chunk for data, _ in run.commits] == [1, 3, 4]
    assert sorted(run.video.parts) == [1, 3, 4]
    assert run.pipeline.reached_end


class Batches(ScriptedDetector):
    """Remembers the batches it was asked for."""

    batch_size = 3

    def __init__(self) -> None:
        super().__init__({})
        self.batches: list[list[int]] = []

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        self.batches.append([frame.ordinal for frame in frames])
        return super().detect(frames)


def test_batches_begin_anew_with_each_chunk_also_after_a_resume() -> None:
    whole, resumed = Batches(), Batches()
    Run(make_source(13), whole).pipeline.run()
    Run(make_source(13), resumed, committed=[0]).pipeline.run()
    assert whole.batches == [[0, 1, 2], [3, 4], [5, 6, 7], [8, 9], [10, 11, 12]]
    assert resumed.batches == whole.batches[2:]


class Failing(ScriptedDetector):
    """Fails on one frame."""

    def __init__(self) -> None:
        super().__init__({})

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        if frames[0].ordinal == 7:
            raise ValueError("no idea")
        return super().detect(frames)


def test_a_frame_that_the_detector_fails_on_is_never_passed_on() -> None:
    run = Run(make_source(23), Failing())
    with pytest.raises(
        DetectorError, match=r"clip\.mp4: frame 7 at 0\.556 s: detector scripted failed with ValueError"
    ):
        run.pipeline.run()
    assert all(ordinal < 7 for part in run.video.parts.values() for ordinal, _ in part)
    assert [data.chunk for data, _ in run.commits] in ([], [0])
    assert run.video.aborted


class TooFew(ScriptedDetector):
    def __init__(self) -> None:
        super().__init__({})

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        assert frames
        return []


def test_a_detector_that_answers_for_too_few_frames_is_an_error() -> None:
    with pytest.raises(DetectorError, match="answered 0 frames, asked 1"):
        Run(make_source(3), TooFew()).pipeline.run()


def test_an_encoder_error_ends_the_run_and_commits_no_half_chunk() -> None:
    run = Run(make_source(23), fail_at=12)
    with pytest.raises(EncodeError, match="refused"):
        run.pipeline.run()
    assert [data.chunk for data, _ in run.commits] in ([], [0], [0, 1])


class BreakingSource(MemorySource):
    """Cannot be decoded from some frame on."""

    def frames(self, start: int = 0, mark: Mark | None = None) -> Iterator[Frame]:
        for frame in super().frames(start, mark):
            if frame.ordinal == 8:
                raise SourceDecodeError("clip.mp4: frame 8: broken")
            yield frame


def test_a_source_error_ends_the_run() -> None:
    source = make_source(23)
    source.__class__ = BreakingSource
    with pytest.raises(SourceDecodeError, match="frame 8"):
        Run(source).pipeline.run()


def test_a_failing_commit_ends_the_run() -> None:
    def fail(_: ChunkData) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        Run(make_source(23), on_commit=fail).pipeline.run()


class GatedSource(MemorySource):
    """Hands out frame 7 only when told to, and everything else at once."""

    gate: threading.Event
    reached: threading.Event

    def frames(self, start: int = 0, mark: Mark | None = None) -> Iterator[Frame]:
        for frame in super().frames(start, mark):
            if frame.ordinal == 7:
                self.reached.set()
                assert self.gate.wait(10)
            yield frame


def test_a_stop_finishes_the_chunk_in_hand_and_no_other() -> None:
    source = make_source(23)
    source.__class__ = GatedSource
    gated: Any = source
    gated.gate, gated.reached = threading.Event(), threading.Event()
    stop = StopRequest()
    run = Run(gated, stop=stop)
    worker = threading.Thread(target=run.pipeline.run)
    worker.start()
    assert gated.reached.wait(10)
    assert all(run.video.written.acquire(timeout=10) for _ in range(7))
    stop.ask(15)
    gated.gate.set()
    worker.join(10)
    assert [data.chunk for data, _ in run.commits] == [0, 1]
    assert len(run.commits[1][0].ticks) == 5
    assert not run.pipeline.reached_end


def test_a_stop_before_the_first_frame_commits_nothing() -> None:
    stop = StopRequest()
    stop.ask(2)
    run = Run(make_source(23), stop=stop)
    run.pipeline.run()
    assert run.commits == []
    assert not run.pipeline.reached_end


def test_each_full_chunk_leaves_a_mark_from_which_the_rest_is_the_same() -> None:
    whole = Run(make_source(23))
    whole.pipeline.run()
    marks = [data.mark for data, _ in whole.commits]
    assert [mark.ordinal if mark else None for mark in marks] == [4, 9, 14, 19, None]
    resumed = Run(make_source(23))
    resumed.pipeline._committed = {0: marks[0], 1: marks[1]}
    resumed.pipeline.run()
    assert [data.mark for data, _ in resumed.commits] == marks[2:]
    assert resumed.video.parts == {chunk: whole.video.parts[chunk] for chunk in (2, 3, 4)}


def test_another_source_than_the_marked_one_is_refused() -> None:
    whole = Run(make_source(23))
    whole.pipeline.run()
    other = Run(make_source(24))
    frames = other.pipeline._source._frames
    frames[4].planes[0][:] += 1
    other.pipeline._committed = {0: whole.commits[0][0].mark}
    with pytest.raises(SourceDecodeError, match="is not the one that the job saw"):
        other.pipeline.run()
    assert other.commits == []


def test_a_short_last_chunk_that_is_committed_leaves_nothing_to_do() -> None:
    whole = Run(make_source(23))
    whole.pipeline.run()
    again = Run(make_source(23))
    again.pipeline._committed = {data.chunk: data.mark for data, _ in whole.commits}
    again.pipeline.run()
    assert again.pipeline.reached_end
    assert again.commits == []
    assert again.pipeline._source.sought  # from the mark of the last full chunk, not from the start
