import numba
import pytest

from streamproc.masks.jit import kernel


def test_without_a_folder_to_cache_in_kernels_are_compiled_all_the_same(monkeypatch):
    real = numba.njit

    def njit(signature, *, nogil, cache=False):
        if cache:
            raise RuntimeError("cannot cache function 'twice': no locator available for file 'x.py'")
        return real(signature, nogil=nogil)

    monkeypatch.setattr("numba.njit", njit)
    twice = kernel("int64(int64)")(lambda number: 2 * number)
    assert twice(21) == 42


def test_other_failures_of_the_compiler_are_not_hidden(monkeypatch):
    def njit(signature, **_):
        raise RuntimeError("out of registers")

    monkeypatch.setattr("numba.njit", njit)
    with pytest.raises(RuntimeError, match="registers"):
        kernel("int64(int64)")(lambda number: number)
