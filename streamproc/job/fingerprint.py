"""What a job is: everything that decides the bytes of its results, and a word for each difference."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import av

from streamproc import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from streamproc.detect.detector import Detector
    from streamproc.options import Options

FORMAT = 1
"""Version of the journal and of the rules that lead to a job's bytes."""

_SAMPLE = 1 << 16
_SAMPLES = 32

Fingerprint = dict[str, Any]


def fingerprint(source: Path, options: Options, detector: Detector, left_open: Sequence[str] = ()) -> Fingerprint:
    """The fingerprint of a job, as plain JSON values.

    ``options`` are settled; ``left_open`` names those that the user had not given: they are no difference by
    themselves, but tell a later run what it may take over.
    """
    return {
        "format": FORMAT,
        "streamproc": __version__,
        "source": {"name": source.name, **source_identity(source)},
        "options": options.result_dict(),
        "left_open": list(left_open),
        "detector": {"name": detector.name, "weights": detector.fingerprint},
        "libraries": {"av": av.__version__, "ffmpeg": av.ffmpeg_version_info},
    }


def source_identity(source: Path) -> dict[str, Any]:
    """Size and a hash over 32 spread blocks of 64 KiB: cheap for a film, and any cut or re-encoding changes it.

    Times of the file are left out, so that a copied or restored source is still the same source.
    """
    size = source.stat().st_size
    digest = hashlib.sha256()
    with source.open("rb") as file:
        for index in range(_SAMPLES):
            file.seek(max(0, size - _SAMPLE) * index // (_SAMPLES - 1))
            digest.update(file.read(_SAMPLE))
    return {"size": size, "sample_sha256": digest.hexdigest()}


def differences(then: Fingerprint, now: Fingerprint) -> list[str]:
    """What differs, as ``path: then -> now``, in order of the keys; empty when the two are equal."""
    return _differences(then | {"left_open": None}, now | {"left_open": None}, "")


def _differences(then: Any, now: Any, path: str) -> list[str]:
    if isinstance(then, dict) and isinstance(now, dict):
        found = []
        for key in sorted(then.keys() | now.keys()):
            found += _differences(then.get(key), now.get(key), f"{path}.{key}" if path else key)
        return found
    return [] if then == now else [f"{path}: {json.dumps(then)} -> {json.dumps(now)}"]
