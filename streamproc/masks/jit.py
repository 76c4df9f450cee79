"""The one way in which kernels of this package are compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")


def kernel(signature: str) -> Callable[[F], F]:
    """Compile a function for one signature when its module is imported, without the GIL, and keep the machine code.

    The machine code is kept beside the source or, where that is read-only, in the user's cache folder. Where neither
    can be written (a container with a read-only root), numba refuses to cache at all; then each process compiles anew.
    A kernel calls no kernel of another file: numba notices a change of the file itself only.
    """

    def compiled(function: F) -> F:
        try:
            return cast("F", numba.njit(signature, nogil=True, cache=True)(function))
        except RuntimeError as error:
            if "cannot cache" not in str(error):
                raise
            return cast("F", numba.njit(signature, nogil=True)(function))

    return compiled
