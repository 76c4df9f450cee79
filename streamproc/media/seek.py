"""Seeking to the frame after a mark, believed only once the marked frames were seen again.

No container can be trusted to seek rightly: MPEG-TS lands after the target, some files flag pictures as key that are
not (right times, broken pictures), AVI may be one frame off. So the decoder goes on from wherever it lands, and the
last frames before the one that is wanted must all come, in a row, with the same raw times, at the same bytes of the
file and with the same samples.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

import av

from streamproc.media.demux import reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamproc.media.decoder import Decoder
    from streamproc.media.mark import Mark, Trace

log = logging.getLogger(__name__)

_BACK_SECONDS = (2, 10, 60)
"""How far to back off when a seek was not proven: cheap beside decoding a long film from the start."""


def seek_after(decoder: Decoder, mark: Mark, digest: Callable[[av.VideoFrame], str]) -> int | None:
    """Bring ``decoder`` to where it gives the frame after ``mark`` next.

    Gives the number of seeks that it took, or None where none could be proven: the decoder is then anywhere.
    ``digest`` is that of the marked pictures.
    """
    latest = None if mark.key is None else mark.key.position
    for tries, target in enumerate(_targets(decoder, mark), 1):
        try:
            decoder.seek(target, latest)
            if _shows(decoder, mark, digest):
                return tries
        except av.FFmpegError as error:  # a format without seeking, or a place without packets
            log.debug("seek to %d failed: %s", target, reason(error))
    return None


def _targets(decoder: Decoder, mark: Mark) -> list[int]:
    """Where to seek to, one after the other, in ticks of the stream; nowhere where a frame cannot be told from others.

    First the time of the oldest marked frame, which indexed containers understand. Then the decode time of its key
    packet, which is what MPEG-TS searches for, and further and further back.
    """
    stream = decoder.stream
    if not mark.traces or all(trace.position is None for trace in mark.traces):
        return []
    wanted = mark.traces[0].time
    if wanted is None or stream.time_base is None:
        return []
    key = wanted
    if mark.key is not None and mark.key.time is not None:
        key = mark.key.time if mark.key.dts is None else mark.key.dts
    begin = key if stream.start_time is None else stream.start_time
    back = (key - math.ceil(seconds / stream.time_base) for seconds in _BACK_SECONDS)
    return list(dict.fromkeys([wanted, key, *(ticks for ticks in back if ticks > begin)]))


def _shows(decoder: Decoder, mark: Mark, digest: Callable[[av.VideoFrame], str]) -> bool:
    """Decode up to the last marked frame: whether all of them came, in a row, each as it was when it was marked.

    One picture up to there must be a key picture by the decoder's word, which goes by the coded bits and not by the
    container's flags: what follows refers to nothing before it, and not only the marked ones happen to come out right.
    """
    seen, keyed = 0, False
    for picture, trace, _ in decoder.pictures:
        keyed = keyed or picture.key_frame
        if trace == mark.traces[seen] and digest(picture) == mark.digests[seen]:
            seen += 1
            if seen == len(mark.traces):
                return keyed
        elif seen or _is_behind(trace, mark.traces[0]):
            return False
    return False


def _is_behind(trace: Trace, wanted: Trace) -> bool:
    """Whether what the decoder gives has passed the frame that is wanted."""
    return trace.position is not None and wanted.position is not None and trace.position > wanted.position
