"""Frames, detections and masks one after another, for those who write their own loop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from streamproc.job.batch import detector_for, make_detector
from streamproc.job.render import Renderer
from streamproc.media.kinds import kind_of
from streamproc.media.source import open_source
from streamproc.media.still import read_still
from streamproc.options import MaskKind, Options

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from typing import Unpack

    from numpy.typing import NDArray

    from streamproc.detect.detection import Detection
    from streamproc.detect.detector import Detector
    from streamproc.media.frame import Frame
    from streamproc.media.source import Source
    from streamproc.options import OptionArguments


def frames(
    source: str | os.PathLike[str], **options: Unpack[OptionArguments]
) -> Iterator[tuple[Frame, list[Detection], dict[MaskKind, NDArray[np.uint8]]]]:
    """Yield (frame, detections, masks) of a video or image, the frame anonymised already; nothing is written.

    ``options`` are those of ``streamproc.options.OptionArguments``. ``masks`` holds what ``save_mask`` asks for:
    ``"binary"`` as uint8 (h, w), 0 and 255; ``"instance"`` as uint8 (h, w, 3) in R, G, B. Raises SourceError,
    DetectorError and OptionError, those that can be known before the first frame at once.

    >>> import streamproc
    >>> loop = streamproc.frames(
    ...     "sample_media/pedestrians.mp4",
    ...     detections="sample_media/pedestrians.detections.jsonl",
    ...     save_mask="binary",
    ... )
    >>> frame, detections, masks = next(loop)
    >>> frame.width, frame.height, masks["binary"].shape
    (768, 576, (576, 768))
    """
    path, chosen = Path(source), Options.of(**options)
    kind = kind_of(path)
    detector = detector_for(path.name, None, kind, make_detector(chosen))
    if kind == "still":
        return _rendered(iter([read_still(path).frame]), chosen, detector)
    return _film(open_source(path), chosen, detector)


def _film(
    source: Source, options: Options, detector: Detector
) -> Iterator[tuple[Frame, list[Detection], dict[MaskKind, NDArray[np.uint8]]]]:
    with source:
        yield from _rendered(source.frames(), options, detector)


def _rendered(
    pictures: Iterator[Frame], options: Options, detector: Detector
) -> Iterator[tuple[Frame, list[Detection], dict[MaskKind, NDArray[np.uint8]]]]:
    renderer: Renderer | None = None
    for frame in pictures:
        renderer = renderer or Renderer(options, frame.width, frame.height)
        (detections,) = detector.detect([frame])
        canvases = renderer.render(frame, detections).masks
        yield frame, detections, {kind: mask_array(kind, canvas) for kind, canvas in canvases.items()}
        for kind, canvas in canvases.items():
            renderer.pools[kind].give_back(canvas)


def mask_array(kind: MaskKind, canvas: Frame) -> NDArray[np.uint8]:
    """A copy of a mask canvas: uint8 (h, w) of a binary mask, (h, w, 3) in R, G, B of an instance mask."""
    if kind is MaskKind.BINARY:
        return np.array(canvas.planes[0], np.uint8)
    green, blue, red = canvas.planes
    return np.stack([red, green, blue], axis=-1).astype(np.uint8, copy=False)
