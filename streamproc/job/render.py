"""What is done to one picture: regions of the wanted detections are anonymised and drawn into the masks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from streamproc.anonymise.apply import anonymise
from streamproc.anonymise.draw import draw_box, sample_of
from streamproc.anonymise.treatment import Treatment
from streamproc.masks.codes import blues, colour, instance_greens
from streamproc.masks.compose import compose
from streamproc.masks.objects import ObjectType
from streamproc.masks.regions import regions_of
from streamproc.masks.scale import scale_plane, scaled_size
from streamproc.media.mask_writer import CanvasPool
from streamproc.options import MaskKind, Method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from streamproc.detect.detection import Detection
    from streamproc.masks.regions import Regions
    from streamproc.media.frame import Frame
    from streamproc.options import Options

Colour = tuple[int, int, int]

_DEBUG_COLOURS = {
    ObjectType.PERSON: (0, 200, 255),
    ObjectType.FACE: (255, 80, 80),
    ObjectType.LICENSE_PLATE: (255, 220, 0),
    ObjectType.VEHICLE: (80, 230, 80),
}


@dataclass(frozen=True, slots=True)
class Rendering:
    """What became of a picture's detections, parallel to them, and the masks that were asked for.

    ``detections`` are as they were drawn: with ``--bbox`` the box, with ``--ignore`` and ``--roi`` what is left, so
    that a segmentation in the metadata is the one in the masks. ``colours`` are the pure colours in the instance
    mask, None where the detection is not drawn. ``crowded`` counts instances whose green value repeats because a frame
    held more than 255 of one type.
    """

    detections: list[Detection]
    anonymised: list[bool]
    colours: list[Colour | None]
    masks: dict[MaskKind, Frame]
    crowded: int


class Renderer:
    """Renders pictures of one size. Used by one thread."""

    def __init__(self, options: Options, width: int, height: int) -> None:
        self._options = options
        self._width, self._height = width, height
        self._treatments = {
            kind: Treatment(options.methods[kind], options.cells[kind], *options.gradients[kind])
            for kind in options.anonymise
        }
        self.mask_size = scaled_size(width, height, options.mask_scale)
        self.pools = {kind: CanvasPool(kind.value, *self.mask_size) for kind in sorted(options.save_mask)}
        self._full = [np.zeros((height, width), np.uint8) for _ in range(3)] if options.mask_scale != 100 else []

    def render(self, frame: Frame, detections: Sequence[Detection]) -> Rendering:
        """Anonymise ``frame`` in place and compose its masks.

        Only detections of the wanted types are treated and drawn; the others are reported as they are.
        """
        options = self._options
        wanted = [index for index, found in enumerate(detections) if found.object_type in options.anonymise]
        chosen = [detections[index] for index in wanted]
        regions = regions_of(
            chosen,
            self._width,
            self._height,
            boxes=options.bbox,
            ignore=[rect.box for rect in options.ignore],
            roi=[rect.box for rect in options.roi],
        )
        greens, crowded = instance_greens([found.object_type for found in chosen], [found.track_id for found in chosen])
        anonymised = [False] * len(detections)
        colours: list[Colour | None] = [None] * len(detections)
        drawn = list(detections)
        draws_instances = MaskKind.INSTANCE in options.save_mask
        for place, (index, covered) in enumerate(zip(wanted, regions.covered, strict=True)):
            kind = chosen[place].object_type
            anonymised[index] = bool(covered) and options.methods[kind] is not Method.DETECT
            if covered and (options.bbox or options.ignore or options.roi):
                x1, y1, _, _ = regions.rects[place].tolist()
                drawn[index] = replace(chosen[place], mask=regions.mask(place), offset=(x1, y1))
            if covered and draws_instances:
                colours[index] = colour(int(greens[place]), kind, options.mask_coding)
        if any(anonymised):
            self._anonymise(frame, regions, chosen)
        masks = self._compose(frame, regions, chosen, greens)
        if options.debug:
            self._draw(frame, detections)
        return Rendering(drawn, anonymised, colours, masks, crowded)

    def _anonymise(self, frame: Frame, regions: Regions, chosen: Sequence[Detection]) -> None:
        frame.make_writable()
        anonymise(
            frame.padded_planes,
            frame.layout.shifts,
            frame.width,
            frame.height,
            frame.layout.black(full_range=frame.full_range),
            regions,
            [self._treatments[found.object_type] for found in chosen],
        )

    def _draw(self, frame: Frame, detections: Sequence[Detection]) -> None:
        layout = frame.layout
        frame.make_writable()
        for found in detections:
            sample = sample_of(
                _DEBUG_COLOURS[found.object_type],
                is_rgb=layout.rgb,
                planes=len(layout.shifts),
                bits=layout.bits,
                full_range=frame.full_range,
            )
            draw_box(frame.planes, layout.shifts, found.box, f"{found.object_type} {found.score:.2f}", sample)

    def _compose(
        self, frame: Frame, regions: Regions, chosen: Sequence[Detection], greens: NDArray[np.uint8]
    ) -> dict[MaskKind, Frame]:
        canvases = {kind: pool.take(frame.pts, frame.ordinal, frame.time_base) for kind, pool in self.pools.items()}
        if not canvases:
            return {}
        planes = {kind: [plane.view(np.uint8) for plane in canvas.padded_planes] for kind, canvas in canvases.items()}
        binary = planes[MaskKind.BINARY][0] if MaskKind.BINARY in planes else None
        green, blue = planes[MaskKind.INSTANCE][:2] if MaskKind.INSTANCE in planes else (None, None)
        planes_drawn = [binary, green, blue]
        targets = planes_drawn
        if self._full:
            targets = [
                full if plane is not None else None for full, plane in zip(self._full, planes_drawn, strict=True)
            ]
        compose(
            regions,
            greens,
            blues([found.object_type for found in chosen], self._options.mask_coding),
            *targets,
            width=self._width,
            height=self._height,
            coding=self._options.mask_coding,
            scores=[found.score for found in chosen],
        )
        if self._full:
            for full, plane in zip(self._full, planes_drawn, strict=True):
                if plane is not None:
                    scale_plane(full, plane, (self._width, self._height), self.mask_size)
        return canvases
