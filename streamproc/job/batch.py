"""A run over all inputs: one source after another, one bad input never stops the rest."""

from __future__ import annotations

import logging
import os
import time
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from streamproc.detect.detector import DetectorSettings
from streamproc.detect.external import ExternalDetector
from streamproc.detect.registry import create
from streamproc.errors import Interrupted, OutputError, StreamprocError, UsageError
from streamproc.job.fingerprint import fingerprint
from streamproc.job.image import ImageJob
from streamproc.job.ledger import Ledger
from streamproc.job.naming import plan
from streamproc.job.progress import SilentProgress
from streamproc.job.results import Result, SourceResult, Status
from streamproc.job.settle import encoder_settings, left_open, settle
from streamproc.job.stopping import StopRequest
from streamproc.job.video import VideoJob
from streamproc.media.kinds import kind_of
from streamproc.media.suffixes import IMAGE_SUFFIXES
from streamproc.options import Options, default_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Unpack

    from streamproc.detect.detector import Detector
    from streamproc.job.naming import Planned
    from streamproc.job.progress import Progress
    from streamproc.job.source_job import SourceJob
    from streamproc.media.kinds import Kind
    from streamproc.options import OptionArguments

_log = logging.getLogger(__name__)


def process(
    source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    **options: Unpack[OptionArguments],
) -> Result:
    """Anonymise ``source`` (a file, folder, pattern, or several) into the folder ``output``.

    The keyword arguments are those of ``streamproc.options.OptionArguments``. Returns what became of each source;
    sources that failed are in ``Result.failed`` and never stop the rest. Raises UsageError before any work when the
    request itself is wrong, DetectorError when the detector cannot be made.

    >>> import tempfile, streamproc
    >>> with tempfile.TemporaryDirectory() as out:
    ...     result = streamproc.process(
    ...         "sample_media/pedestrians.mp4", out, detections="sample_media/pedestrians.detections.jsonl"
    ...     )
    >>> result.ok, result.objects["person"] > 100
    (True, True)
    """
    if not os.fspath(output):
        raise UsageError("the output folder has an empty name; is a variable unset?")
    sources = [source] if isinstance(source, str) or hasattr(source, "__fspath__") else source
    return run_batch(sources, Path(output), Options.of(**options))  # type: ignore[arg-type]  # narrowed by hasattr


def run_batch(
    inputs: Iterable[str | os.PathLike[str]],
    output: Path,
    options: Options,
    *,
    progress: Progress | None = None,
    stop: StopRequest | None = None,
    detector: Detector | None = None,
) -> Result:
    """Work through ``inputs``; see ``process``. Raises Interrupted when ``stop`` was asked for."""
    begun = time.perf_counter()
    encoder_settings(options)  # a preset that the encoder does not know is found before any work
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output}: is a file; the output has to be a folder")
    planned = plan(inputs, output)
    results = [_failed(path, error) for path, error in planned.failures]
    if planned.sources:
        detector = detector or make_detector(options)  # before the folder is made: it may be the wrong name
        ledger = _open_ledger(output)
        try:
            run_one = partial(
                _run_one,
                options=options,
                detector=detector,
                ledger=ledger,
                stop=stop or StopRequest(),
            )
            results += _run_all(planned.sources, run_one, progress or SilentProgress())
        finally:
            ledger.close()
    return Result(results, time.perf_counter() - begun)


def _run_all(
    sources: Sequence[Planned], run_one: Callable[..., SourceResult], progress: Progress
) -> Iterator[SourceResult]:
    """Work through ``sources``. Films show their own progress; images in a row share one, a picture a frame."""
    for images, group in groupby(sources, key=lambda entry: entry.source.suffix.lower() in IMAGE_SUFFIXES):
        if images:
            yield from _run_images(list(group), run_one, progress)
        else:
            yield from (run_one(entry, progress=progress) for entry in group)


def _run_images(
    sources: Sequence[Planned], run_one: Callable[..., SourceResult], progress: Progress
) -> Iterator[SourceResult]:
    silent = SilentProgress()  # for the animated among them
    done_before = 0
    is_shown = False
    try:
        for entry in sources:
            result = run_one(entry, progress=silent)
            if is_shown:
                progress.advance(1, sum(result.objects.values()))
            elif result.status is Status.UNCHANGED:
                done_before += 1
            elif len(sources) > 1:
                progress.begin(Path("images"), len(sources), done_before)
                progress.advance(1, sum(result.objects.values()))
                is_shown = True
            yield result
    finally:
        if is_shown:
            progress.end()


def make_detector(options: Options) -> Detector:
    """The detector that ``options`` name. Raises DetectorError, or MissingExtraError when a package is missing."""
    settings = DetectorSettings(options.anonymise, options.thresholds, options.threads or default_threads())
    if options.detections:
        return ExternalDetector(options.detections, settings=settings)
    return create(options.detector, settings)


def detector_for(name: str, folder: str | None, kind: Kind, detector: Detector) -> Detector:
    """The detector of one source: given detections are looked up by the source's name, others serve every source."""
    if not isinstance(detector, ExternalDetector):
        return detector
    if kind == "still":
        return detector.for_image(name, folder)
    return detector.for_video(name, folder)


def _run_one(
    planned: Planned, options: Options, detector: Detector, ledger: Ledger, progress: Progress, stop: StopRequest
) -> SourceResult:
    if stop.asked:
        raise Interrupted(f"{planned.source}: not begun; run the same command to go on", stop.signal_number or 0)
    try:
        kind = kind_of(planned.source)
        detector = detector_for(planned.source.name, planned.folder, kind, detector)
        name = ledger.job_name(planned)
        settled = settle(options, ledger.earlier(name))
        mark = fingerprint(planned.source, settled, detector, left_open(options))
        job: SourceJob = (
            ImageJob(planned, settled, detector, mark, ledger)
            if kind == "still"
            else VideoJob(planned, settled, detector, mark, ledger, progress, stop)
        )
        result = job.run()
    except Interrupted:
        raise
    except StreamprocError as error:
        return _failed(planned.source, error)
    except OSError as error:
        where = error.filename2 or error.filename or ledger.output  # of a rename the second is the name wanted
        if isinstance(error, FileNotFoundError) and error.filename and not Path(error.filename).exists():
            where = error.filename  # but what is gone is the first
        wrapped = OutputError(f"{where}: {error.strerror or error}; while working on {planned.source}")
        wrapped.__cause__ = error
        return _failed(planned.source, wrapped)
    except Exception as error:  # a fault of ours in one source, which may not cost the others their results
        fault = StreamprocError(
            f"{planned.source}: unexpected {type(error).__name__}: {error}; please report it, with --traceback"
        )
        fault.__cause__ = error
        return _failed(planned.source, fault)
    return result


def _failed(path: Path, error: StreamprocError) -> SourceResult:
    message = str(error)
    _log.error("%s", message if str(path) in message else f"{path}: {message}")
    return SourceResult(path, Status.FAILED, error=error)


def _open_ledger(output: Path) -> Ledger:
    try:
        return Ledger(output)
    except OSError as error:
        raise OutputError(f"{error.filename or output}: cannot write results here: {error.strerror}") from error
