"""streamproc: anonymise video and images, write masks and frame metadata.

>>> import streamproc
>>> sorted(streamproc.__all__)
['Options', 'Result', '__version__', 'frames', 'process']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamproc.job.batch import process
    from streamproc.job.loop import frames
    from streamproc.job.results import Result
    from streamproc.options import Options

__version__ = "0.1.0"
__all__ = ["Options", "Result", "__version__", "frames", "process"]

_HOMES = {
    "Options": "streamproc.options",
    "Result": "streamproc.job.results",
    "frames": "streamproc.job.loop",
    "process": "streamproc.job.batch",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: ``streamproc --help`` must not wait for numba and PyAV."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
