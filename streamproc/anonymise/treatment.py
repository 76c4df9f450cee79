"""What is done to one region."""

from __future__ import annotations

from dataclasses import dataclass

from streamproc.errors import OptionError
from streamproc.options import Method


@dataclass(frozen=True, slots=True)
class Treatment:
    """How one region is made unrecognisable.

    ``cells`` (1 to 64) is the most independent values that may remain over the object's shorter side: fewer hide more.
    ``gradient_start`` and ``gradient_stop``, in parts of the shorter side with 0 <= start <= stop <= 1, declare a soft
    edge outside the mask: the region is treated at full strength as far as start beyond its mask, falling linearly to
    nothing at stop. Both 0 is a hard edge. Raises OptionError for other values.
    """

    method: Method
    cells: int = 8
    gradient_start: float = 0.0
    gradient_stop: float = 0.0

    def __post_init__(self) -> None:
        if self.method not in tuple(Method):
            raise OptionError(f"method is {self.method!r}; allowed are {', '.join(Method)}")
        if isinstance(self.cells, bool) or not isinstance(self.cells, int) or not 1 <= self.cells <= 64:
            raise OptionError(f"cells is {self.cells!r}; allowed are 1 to 64")
        if not 0 <= self.gradient_start <= self.gradient_stop <= 1:
            raise OptionError(
                f"gradient is {self.gradient_start!r}, {self.gradient_stop!r}; "
                "allowed are two numbers START, STOP with 0 <= START <= STOP <= 1"
            )
