from __future__ import annotations

import numba
import numpy as np
import pytest

from streamproc import jit


def _double(x):
    return 2 * x


def test_a_kernel_is_compiled_for_each_signature_and_no_other():
    double = jit.kernel("int64(int64)", "float64(float64)")(_double)
    assert double(3) == 6
    assert double(0.25) == 0.5
    with pytest.raises(TypeError, match="No matching definition"):
        double(np.zeros(1))


def test_a_kernel_compiles_where_nothing_can_be_cached(monkeypatch: pytest.MonkeyPatch):
    def njit(*args, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function '_double': no locator available for file '<string>'")
        return numba.njit(*args, **options)

    monkeypatch.setattr(jit, "njit", njit)
    assert jit.kernel("int64(int64)")(_double)(4) == 8


def test_other_failures_to_compile_are_not_swallowed(monkeypatch: pytest.MonkeyPatch):
    def njit(*args, **options):
        raise RuntimeError("out of registers")

    monkeypatch.setattr(jit, "njit", njit)
    with pytest.raises(RuntimeError, match="out of registers"):
        jit.kernel("int64(int64)")(_double)
