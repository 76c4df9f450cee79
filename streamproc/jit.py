"""The one way in which numba kernels are compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")

PLANES = "uint8[:,::1]", "uint16[:,::1]"


def kernel(*signatures: str) -> Callable[[F], F]:
    """Compile for ``signatures`` when imported, without the GIL, and keep the machine code on disk.

    No fastmath: sums are of integers and floats are rounded as IEEE 754 says, so that every machine gives the same
    bytes, and a job may be resumed on another one. The machine code is kept beside the source or, where that is
    read-only, in the user's cache folder; where neither can be written (a container with a read-only root) numba
    refuses to cache at all, and each process compiles anew.
    """

    def compiled(function: F) -> F:
        try:
            return cast("F", njit(list(signatures), nogil=True, cache=True, error_model="numpy")(function))
        except RuntimeError as error:
            if "cannot cache" not in str(error):
                raise
            return cast("F", njit(list(signatures), nogil=True, error_model="numpy")(function))

    return compiled


def inner(function: F) -> F:
    """Make ``function`` callable from the kernels of its own file; compiled with them, and kept with them.

    Not from another file's: numba looks only at the file of the kernel to see whether what it kept is out of date.
    """
    return cast("F", njit(error_model="numpy")(function))
