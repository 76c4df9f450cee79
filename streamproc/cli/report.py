"""What a run says to a person, or with ``--json-log`` to a machine."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from streamproc.errors import StreamprocError
from streamproc.job.progress import choose_progress
from streamproc.job.results import Status

if TYPE_CHECKING:
    from types import TracebackType

    from streamproc.job.results import Result, SourceResult

_log = logging.getLogger("streamproc")


class Reporter:
    """Shows the package's log, the progress and the summary while it is entered."""

    def __init__(self, *, json_log: bool, tracebacks: bool) -> None:
        self._json = json_log
        self._tracebacks = tracebacks
        self.progress = choose_progress(json_log=json_log, stream=sys.stdout if json_log else sys.stderr)
        self._handler: logging.Handler = _JsonHandler() if json_log else _LineHandler()

    def __enter__(self) -> Reporter:
        _log.addHandler(self._handler)
        _log.setLevel(logging.INFO)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _log.removeHandler(self._handler)
        if self._json and isinstance(error, StreamprocError):
            print(json.dumps({"event": "error", "kind": type(error).__name__, "message": str(error)}), flush=True)

    def summary(self, result: Result) -> None:
        """Show what became of all sources."""
        if self._tracebacks:
            for failed in result.failed:
                traceback.print_exception(failed.error)
        if self._json:
            print(json.dumps(_summary_event(result)), flush=True)
        else:
            print("\n".join(summary_lines(result)), flush=True)


def summary_lines(result: Result) -> list[str]:
    """The closing summary for people."""
    lines = [line for source in result.sources for line in _source_lines(source)]
    done = [source for source in result.sources if source.status is Status.DONE]
    objects = ", ".join(f"{count} {name}" for name, count in sorted(result.objects.items())) or "no objects"
    worked = sum(source.frames - source.resumed for source in done)
    lines.append(f"{result.frames} frame{'s' * (result.frames != 1)}, {objects}")
    if worked and result.wall_seconds:
        pace = f"{worked / result.wall_seconds:.1f} frames/s"
        stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in result.seconds.items())
        lines.append(f"{result.wall_seconds:.1f} s, {pace}; seconds of work by stage: {stages}")
    counts = {status: sum(source.status is status for source in result.sources) for status in Status}
    lines.append(", ".join(f"{count} {status}" for status, count in counts.items() if count))
    return lines


def _source_lines(source: SourceResult) -> list[str]:
    if source.status is Status.FAILED:
        return [f"{source.source}: failed: {str(source.error).removeprefix(f'{source.source}: ')}"]
    lines = [f"{source.source}: {source.status}, {source.frames} frame{'s' * (source.frames != 1)}"]
    lines += [f"  note: {note}" for note in source.notes]
    shown = source.outputs[:8]
    lines += [f"  {path}" for path in shown]
    if len(source.outputs) > len(shown):
        lines.append(f"  and {len(source.outputs) - len(shown)} more files beside them")
    return lines


def _summary_event(result: Result) -> dict[str, Any]:
    return {
        "event": "summary",
        "frames": result.frames,
        "objects": result.objects,
        "wall_seconds": round(result.wall_seconds, 3),
        "stage_seconds": {stage: round(seconds, 3) for stage, seconds in result.seconds.items()},
        "sources": [
            {
                "source": str(source.source),
                "status": str(source.status),
                "frames": source.frames,
                "resumed": source.resumed,
                "objects": source.objects,
                "outputs": [str(path) for path in source.outputs],
                "notes": source.notes,
                "error": None if source.error is None else str(source.error),
            }
            for source in result.sources
        ],
    }


class _LineHandler(logging.Handler):
    """One line a record on stderr, above a progress bar if one is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(f"streamproc: {record.getMessage()}", file=sys.stderr)


class _JsonHandler(logging.Handler):
    """One JSON object a record on stdout."""

    def emit(self, record: logging.LogRecord) -> None:
        event = {"event": "log", "level": record.levelname.lower(), "message": record.getMessage()}
        print(json.dumps(event), flush=True)
