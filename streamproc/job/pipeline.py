"""A frame's way through a job: source -> detect -> anonymise + compose -> encode parts + accumulate -> commit.

    decode ──frames──> detect ──found──> render ──pictures──> encode video ────┐
                                           ├─────canvases───> encode binary ───┤
                                           ├─────canvases───> encode instance ─┼─closed─> commit (the calling thread)
                                           └─────metadata──────────────────────┘

Each box is one thread, each arrow a bounded channel. The heavy work of every box (codecs, onnxruntime, numba kernels)
releases the GIL.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from streamproc.errors import DetectorError, StreamprocError
from streamproc.job.flow import Channel, Flow
from streamproc.media.mark import MarkMaker
from streamproc.metadata.accumulator import ChunkMetadata
from streamproc.metadata.records import frame_record
from streamproc.options import MaskKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from streamproc.detect.detection import Detection
    from streamproc.detect.detector import Detector
    from streamproc.job.clock import StageClock
    from streamproc.job.parts import ClosedPart, PartSink
    from streamproc.job.progress import Progress
    from streamproc.job.render import Renderer
    from streamproc.job.stopping import StopRequest
    from streamproc.media.frame import Frame
    from streamproc.media.mark import Mark
    from streamproc.media.source import Source

# Per channel; a frame of 4K is 25 MB, and the encoders look ahead over a dozen of their own. At 1080p, 5 runs each in
# turn: 4 peak at 490 MB, 2 at 470, 1 at 460, with no difference in time.
_FRAMES_WAITING = 2


@dataclass(slots=True)
class Found:
    """A frame with its detections and the seconds that detecting took."""

    frame: Frame
    detections: list[Detection]
    seconds: float


@dataclass(slots=True)
class ChunkData:
    """A chunk's metadata, complete: what the commit needs beside the parts."""

    chunk: int
    first: int
    metadata: ChunkMetadata
    ticks: list[int] = field(default_factory=list)
    objects: dict[str, int] = field(default_factory=dict)
    crowded: int = 0
    mark: Mark | None = None


class ChunkEnd:
    """Follows the last frame of a chunk in each encoder's channel."""


class Pipeline:
    """Works through the frames of one source that are not committed yet."""

    def __init__(
        self,
        source: Source,
        detector: Detector,
        renderer: Renderer,
        sinks: Sequence[PartSink],
        *,
        chunk_frames: int,
        segmentation: bool,
        committed: Mapping[int, Mark | None],
        commit: Callable[[ChunkData, list[ClosedPart]], None],
        clock: StageClock,
        progress: Progress,
        stop: StopRequest,
    ) -> None:
        self._source, self._detector, self._renderer, self._sinks = source, detector, renderer, sinks
        self._chunk_frames, self._segmentation, self._committed = chunk_frames, segmentation, committed
        self._commit, self._clock, self._progress, self._stop = commit, clock, progress, stop
        self._flow = Flow()
        self._frames: Channel[list[Frame]] = Channel(self._flow, _FRAMES_WAITING)
        self._found: Channel[Found] = Channel(self._flow, _FRAMES_WAITING)
        self._pictures: dict[str, Channel[Frame | ChunkEnd]] = {
            sink.kind: Channel(self._flow, _FRAMES_WAITING) for sink in sinks
        }
        self._closed: Channel[ChunkData | ClosedPart] = Channel(self._flow, 64, writers=1 + len(sinks))
        self._hand = threading.Lock()
        self._chunk_in_hand = -1
        self._marks: dict[int, Mark] = {}
        self.reached_end = False
        """Whether the source was read to its end, so that all its frames are committed when ``run`` returns."""

    def run(self) -> None:
        """Work until the source ends or a stop is asked for; raise the first error of any stage."""
        try:
            self._flow.start("decode", self._decode)
            self._flow.start("detect", self._detect)
            self._flow.start("render", self._render)
            for sink in self._sinks:
                self._flow.start(f"encode {sink.kind}", partial(self._encode, sink))
            self._gather()
        except BaseException as error:
            self._flow.stop(error)
        self._flow.join()

    def _decode(self) -> None:
        first = next(chunk for chunk in count() if chunk not in self._committed)
        # A last chunk that is shorter than the others has no mark: then that of the chunk before it serves.
        known = (self._committed[chunk] for chunk in range(first - 1, -1, -1))
        start, mark = first * self._chunk_frames, next((mark for mark in known if mark is not None), None)
        maker = MarkMaker(self._chunk_frames, mark)
        batch_size = self._detector.batch_size
        batch: list[Frame] = []
        for frame in self._clock.each("decode", self._source.frames(start, mark)):
            chunk, place = divmod(frame.ordinal, self._chunk_frames)
            if self._stop.asked and (place == 0 or not self._in_hand(chunk)):
                break
            with self._clock.measure("decode"):
                mark = maker.see(frame)
            if chunk in self._committed:
                continue
            if mark is not None:
                self._marks[chunk] = mark  # before the frame goes on: the chunk ends no earlier than that
            batch.append(frame)
            # Batches end with their chunk, so that a resumed run asks the detector the very same questions.
            if len(batch) == batch_size or place == self._chunk_frames - 1:
                self._frames.put(batch)
                batch = []
        else:
            self.reached_end = True
        if batch:
            self._frames.put(batch)
        self._frames.end()

    def _detect(self) -> None:
        for batch in self._frames:
            begun = time.perf_counter()
            try:
                found = self._detector.detect(batch)
            except StreamprocError:
                raise
            except Exception as error:
                raise DetectorError(self._failure(batch[0], f"failed with {type(error).__name__}: {error}")) from error
            if len(found) != len(batch):
                raise DetectorError(self._failure(batch[0], f"answered {len(found)} frames, asked {len(batch)}"))
            seconds = time.perf_counter() - begun
            self._clock.add("detect", seconds)
            for frame, detections in zip(batch, found, strict=True):
                self._found.put(Found(frame, detections, seconds / len(batch)))
        self._found.end()

    def _failure(self, frame: Frame, what: str) -> str:
        return (
            f"{self._source.info.path}: frame {frame.ordinal} at {float(frame.time):.3f} s: detector "
            f"{self._detector.name} {what}; the frame is not passed on"
        )

    def _render(self) -> None:
        data: ChunkData | None = None
        for found in self._found:
            frame = found.frame
            chunk = frame.ordinal // self._chunk_frames
            if data is None or data.chunk != chunk:
                self._end_chunk(data)
                data = None
                if not self._take_in_hand(chunk):
                    continue  # a stop was asked for: what follows is left for the next run
                data = ChunkData(chunk, frame.ordinal, ChunkMetadata(frame.ordinal))
            self._render_frame(found, data)
        self._end_chunk(data)
        for channel in self._pictures.values():
            channel.end()
        self._closed.end()

    def _render_frame(self, found: Found, data: ChunkData) -> None:
        frame = found.frame
        begun = time.perf_counter()
        rendering = self._renderer.render(frame, found.detections)
        seconds = time.perf_counter() - begun
        self._clock.add("render", seconds)
        data.metadata.add(
            frame_record(
                frame.ordinal,
                rendering.detections,
                anonymised=rendering.anonymised,
                colours=rendering.colours,
                width=frame.width,
                height=frame.height,
                duration=found.seconds + seconds,
                pts=frame.pts,
                time_base=frame.time_base,
                segmentation=self._segmentation,
            )
        )
        data.ticks.append(frame.pts)
        data.crowded += rendering.crowded
        for detection in found.detections:
            data.objects[detection.object_type] = data.objects.get(detection.object_type, 0) + 1
        self._progress.advance(1, len(found.detections))
        for kind, channel in self._pictures.items():
            channel.put(frame if kind == "video" else rendering.masks[MaskKind(kind)])

    def _take_in_hand(self, chunk: int) -> bool:
        """Begin a chunk, unless a stop was asked for. A chunk that was begun is always finished."""
        with self._hand:
            if self._stop.asked:
                return False
            self._chunk_in_hand = chunk
            return True

    def _in_hand(self, chunk: int) -> bool:
        with self._hand:
            return chunk == self._chunk_in_hand

    def _end_chunk(self, data: ChunkData | None) -> None:
        if data is None:
            return
        data.mark = self._marks.pop(data.chunk, None)
        for channel in self._pictures.values():
            channel.put(ChunkEnd())
        self._closed.put(data)

    def _encode(self, sink: PartSink) -> None:
        stage = f"encode {sink.kind}"
        is_open = False
        try:
            for item in self._pictures[sink.kind]:
                with self._clock.measure(stage):
                    if isinstance(item, ChunkEnd):
                        part = sink.finish()
                        is_open = False
                    else:
                        if not is_open:
                            sink.begin(item.ordinal // self._chunk_frames)
                            is_open = True
                        sink.write(item)
                        continue
                self._closed.put(part)
        finally:
            sink.abort()
        self._closed.end()

    def _gather(self) -> None:
        """Commit each chunk, in order, once its metadata and all its parts are there."""
        data: dict[int, ChunkData] = {}
        parts: dict[int, list[ClosedPart]] = {}
        for item in self._closed:
            if isinstance(item, ChunkData):
                data[item.chunk] = item
            else:
                parts.setdefault(item.chunk, []).append(item)
            if item.chunk in data and len(parts.get(item.chunk, [])) == len(self._sinks):
                with self._clock.measure("commit"):
                    self._commit(data.pop(item.chunk), parts.pop(item.chunk, []))
