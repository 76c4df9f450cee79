"""What a run left, in a form in which two runs can be compared."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from streamproc.job.naming import WORK_FOLDER


def result_hashes(out: Path) -> dict[str, str]:
    """SHA-256 of every result by its name; of metadata without the seconds that the work took."""
    found = {}
    for path in sorted(out.rglob("*")):
        if path.is_file() and WORK_FOLDER not in path.parts:
            data = path.read_bytes()
            if path.suffix == ".json":
                metadata = json.loads(data)
                for record in metadata if isinstance(metadata, list) else [metadata]:
                    del record["duration"]
                data = json.dumps(metadata).encode()
            found[path.relative_to(out).as_posix()] = hashlib.sha256(data).hexdigest()
    return found
