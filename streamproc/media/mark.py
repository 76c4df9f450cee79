"""What a committed chunk remembers of its end, so that a resumed job can prove that it goes on at the right frame."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from streamproc.errors import SourceDecodeError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path
    from typing import Self

    from streamproc.media.frame import Frame

MARKED_FRAMES = 16
"""Frames that a mark remembers: as many pictures as an H.264 or HEVC decoder may refer to (their A.3.1 and A.4.1).

One equal picture proves little: where a key-frame flag lies, a decoder that lacks its references may still show a still
scene rightly for a while.
"""
END = 2**63 - 1
"""The position of what the decoder gives after the last packet."""


class Trace(NamedTuple):
    """What a file alone says of a frame or a packet, before any time is mended.

    Times are in ticks of the stream. ``position`` is the byte of the packet itself, or of the one on which the decoder
    gave the frame: where this is the same, the decoder lags by the same number of packets. None where it is not known.
    """

    pts: int | None
    dts: int | None
    duration: int
    position: int | None

    @property
    def time(self) -> int | None:
        """The presentation time, or the decode time where the file stores no other (AVI)."""
        return self.dts if self.pts is None else self.pts


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a frame was read: its trace, the last key packet shown at or before it, the shift of the clock in ticks."""

    trace: Trace
    key: Trace | None
    shift: int


@dataclass(frozen=True, slots=True)
class Mark:
    """The end of a chunk: the ``ordinal`` and the mended time ``ticks`` of its last frame, and what proves it.

    ``digests`` (see ``picture_digest``) and ``traces`` are those of the last frames up to ``ordinal``, oldest first;
    there are no traces where the source cannot be sought in. ``key`` is the key packet from which the oldest of them
    can be decoded, as far as flags tell. ``shift`` is what mending added to the clock.
    """

    ordinal: int
    ticks: int
    digests: tuple[str, ...]
    traces: tuple[Trace, ...] = ()
    key: Trace | None = None
    shift: int = 0

    @property
    def first(self) -> int:
        """The ordinal of the oldest frame that is remembered."""
        return self.ordinal - len(self.digests) + 1

    def to_json(self) -> dict[str, Any]:
        """As plain lists and numbers."""
        return {
            "ordinal": self.ordinal,
            "ticks": self.ticks,
            "digests": list(self.digests),
            "traces": [list(trace) for trace in self.traces],
            "key": None if self.key is None else list(self.key),
            "shift": self.shift,
        }

    @classmethod
    def of_json(cls, read: dict[str, Any]) -> Self:
        """What ``to_json`` gave."""
        return cls(
            ordinal=read["ordinal"],
            ticks=read["ticks"],
            digests=tuple(read["digests"]),
            traces=tuple(Trace(*trace) for trace in read["traces"]),
            key=None if read["key"] is None else Trace(*read["key"]),
            shift=read["shift"],
        )


class MarkMaker:
    """Makes the mark of each full chunk from the frames of a source.

    Feed it every frame in order, before anything is drawn on it. Only the last frames of a chunk cost anything: see
    ``picture_digest``. The end of a last, shorter chunk has no mark: resume at the full one before and read to the end.
    """

    def __init__(self, chunk_frames: int, after: Mark | None = None) -> None:
        """``after`` is the mark that reading goes on from: chunks shorter than a mark remember frames before it."""
        self._chunk_frames = chunk_frames
        self._seen: deque[tuple[str, Trace | None, Trace | None]] = deque(maxlen=MARKED_FRAMES)
        self._last = -1
        if after is not None:
            traces: tuple[Trace | None, ...] = after.traces or (None,) * len(after.digests)
            self._seen.extend((digest, trace, after.key) for digest, trace in zip(after.digests, traces, strict=True))
            self._last = after.ordinal

    def see(self, frame: Frame) -> Mark | None:
        """Take the next frame; the mark of its chunk where it is the chunk's last."""
        left = self._chunk_frames - 1 - frame.ordinal % self._chunk_frames
        if left >= MARKED_FRAMES:
            return None
        if frame.ordinal != self._last + 1:
            self._seen.clear()
        self._last = frame.ordinal
        origin = frame.origin
        place = (None, None) if origin is None else (origin.trace, origin.key)
        self._seen.append((picture_digest(frame), *place))
        if left:
            return None
        digests, traces, keys = zip(*self._seen, strict=True)
        return Mark(
            ordinal=frame.ordinal,
            ticks=frame.pts,
            digests=digests,
            traces=() if None in traces else traces,
            key=keys[0],
            shift=0 if origin is None else origin.shift,
        )


def picture_digest(frame: Frame) -> str:
    """The BLAKE2b sum (hex, 16 bytes) of layout, size and samples of all planes; 4 ms at 1080p."""
    digest = hashlib.blake2b(f"{frame.layout.name} {frame.width}x{frame.height}".encode(), digest_size=16)
    for plane in frame.planes:
        digest.update(np.ascontiguousarray(plane).data)
    return digest.hexdigest()


def check_order(mark: Mark | None, start: int) -> None:
    """Raise ValueError when ``mark`` is not of a frame before ``start``."""
    if mark is not None and mark.ordinal >= start:
        raise ValueError(f"the mark of frame {mark.ordinal} lies not before frame {start}, where reading should begin")


def as_marked(frames: Iterator[Frame], mark: Mark, start: int, path: Path) -> Generator[Frame]:
    """Of ``frames``, which begin at ``mark.first`` or before: those from ``start`` on, after the marked ones.

    Raises SourceDecodeError where a marked frame is missing or is not as the mark says: it is another source.
    """
    ordinal = -1
    for frame in frames:
        ordinal = frame.ordinal
        if mark.first <= ordinal <= mark.ordinal:
            same = picture_digest(frame) == mark.digests[ordinal - mark.first]
            if not same or (ordinal == mark.ordinal and frame.pts != mark.ticks):
                raise SourceDecodeError(
                    f"{path}: frame {ordinal} at {float(frame.time):.3f} s is not the one that the job saw before it "
                    "was interrupted; give the same file, or use --overwrite to start anew"
                )
        if ordinal >= start:
            yield frame
    if ordinal < mark.ordinal:
        raise SourceDecodeError(
            f"{path}: ends before frame {mark.ordinal}, which the job saw before it was interrupted; give the same "
            "file, or use --overwrite to start anew"
        )
