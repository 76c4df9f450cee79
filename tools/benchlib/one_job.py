"""Runs one job in a process of its own and says what it took.

    python tools/benchlib/one_job.py CLIP OUT_FOLDER OPTIONS

``OPTIONS`` are streamproc.OptionArguments as JSON. Writes JSON: ``seconds`` of the call, imports left out;
``stages``, the seconds of work of each; ``frames`` and ``objects``.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from streamproc.job.batch import process


def main() -> None:
    """Run once."""
    clip, out = Path(sys.argv[1]), Path(sys.argv[2])
    options = json.loads(sys.argv[3])
    begun = time.perf_counter()
    result = process(clip, out, **options)
    seconds = time.perf_counter() - begun
    if not result.ok:
        raise SystemExit(str(result.failed[0].error))
    answer = {
        "seconds": seconds,
        "stages": result.seconds,
        "frames": result.frames,
        "objects": result.objects,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
