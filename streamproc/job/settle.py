"""What the user left open is decided once, when a job begins, and stays so when it is gone on with.

The number of threads changes an encoder's bytes, and a default may change with the next version. A job that was begun
with what this machine or version takes by default can so be finished on a machine with other cores.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from streamproc.media.codecs import ENCODERS, EncoderSettings
from streamproc.options import default_threads

if TYPE_CHECKING:
    from streamproc.options import Options

DEFAULT_PRESET = "veryfast"  # chosen by measurement: ARCHITECTURE.md, "Encoding"

_OPEN = ("crf", "preset", "threads")


def left_open(options: Options) -> list[str]:
    """The names of the options that the user did not give and that decide the bytes of the results."""
    return [name for name in _OPEN if getattr(options, name) is None]


def settle(options: Options, earlier: dict[str, Any] | None = None) -> Options:
    """``options`` with a value for everything: from the ``earlier`` fingerprint what was left open there too, else by
    default.
    """
    settled: dict[str, Any] = {
        "crf": ENCODERS[options.codec.value].crf_default,
        "preset": DEFAULT_PRESET,
        "threads": default_threads(),
    }
    if earlier is not None:
        settled.update({name: earlier["options"][name] for name in earlier["left_open"]})
    return replace(options, **{name: settled[name] for name in left_open(options)})


def encoder_settings(options: Options) -> EncoderSettings:
    """The encoder's settings for ``options``, settled by default where they are open. Raises OptionError."""
    options = settle(options)
    assert options.crf is not None
    assert options.preset is not None
    assert options.threads is not None
    return EncoderSettings(options.codec.value, options.crf, options.preset, options.threads)
