"""One found object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from streamproc.masks.objects import ObjectType


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One found object in one frame.

    ``box`` is (x1, y1, x2, y2) in pixels of the upright frame, x2 and y2 exclusive, x2 > x1 and y2 > y1; it may leave
    the frame. ``score`` lies in 0..1. ``mask`` is a C-contiguous uint8 array (h, w), 255 on the object and 0 elsewhere,
    whose top-left corner stands at ``offset`` (x, y) in the frame; without one, the object is its whole box and
    ``offset`` is the box's corner. ``offset`` is never right of or below the box's corner. ``track_id`` is the same in
    all frames that show one object, None where nothing tracks.
    """

    object_type: ObjectType
    box: tuple[int, int, int, int]
    score: float
    mask: NDArray[np.uint8] | None = None
    offset: tuple[int, int] | None = None
    track_id: int | None = None

    @property
    def corner(self) -> tuple[int, int]:
        """(x, y) of the mask array's top-left pixel: ``offset``, or the box's corner where there is no mask."""
        return self.offset if self.offset is not None else self.box[:2]
