from __future__ import annotations

from typing import Any

import pytest

from streamproc.anonymise.treatment import Treatment
from streamproc.errors import OptionError
from streamproc.options import Method


def test_default_is_eight_cells_and_a_hard_edge():
    treatment = Treatment(Method.BLUR)
    assert (treatment.cells, treatment.gradient_start, treatment.gradient_stop) == (8, 0, 0)


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (0, 1), (0.5, 0.5), (1, 1)])
def test_gradients_within_0_to_1_are_taken(start: float, stop: float):
    assert Treatment(Method.BLUR, 64, start, stop).gradient_stop == stop


@pytest.mark.parametrize("cells", [0, 65, -1, 8.0, True, "8", None])
def test_cells_outside_1_to_64_are_refused(cells: Any):
    with pytest.raises(OptionError, match=r"cells is .*; allowed are 1 to 64"):
        Treatment(Method.BLUR, cells)


@pytest.mark.parametrize(("start", "stop"), [(-0.1, 0), (0.2, 0.1), (0, 1.1), (float("nan"), 1), (0, float("nan"))])
def test_gradients_out_of_order_or_range_are_refused(start: float, stop: float):
    with pytest.raises(OptionError, match=r"gradient is .*; allowed are .* 0 <= START <= STOP <= 1"):
        Treatment(Method.BLUR, 8, start, stop)


def test_an_unknown_method_is_refused():
    with pytest.raises(OptionError, match="allowed are blur, pixelate, blacken, detect"):
        Treatment("mosaic")  # type: ignore[arg-type]
