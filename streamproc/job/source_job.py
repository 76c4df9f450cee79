"""What the jobs of a video and of a still image have in common: done once, by one process at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING

from streamproc.errors import Interrupted, JobLockedError, StreamprocError
from streamproc.job.clock import StageClock
from streamproc.job.failures import output_failure
from streamproc.job.files import remove_work

if TYPE_CHECKING:
    from streamproc.detect.detector import Detector
    from streamproc.job.failures import Need
    from streamproc.job.fingerprint import Fingerprint
    from streamproc.job.journal import Record
    from streamproc.job.ledger import Ledger
    from streamproc.job.lock import JobLock
    from streamproc.job.naming import Planned
    from streamproc.job.results import SourceResult
    from streamproc.options import Options


class SourceJob(ABC):
    """One source with its settled options, in one output folder."""

    def __init__(
        self, planned: Planned, options: Options, detector: Detector, mark: Fingerprint, ledger: Ledger
    ) -> None:
        self._planned, self._options, self._detector = planned, options, detector
        self._mark, self._ledger = mark, ledger
        self._clock = StageClock()
        self.name = ledger.job_name(planned)
        self.work = ledger.work / self.name

    def run(self) -> SourceResult:
        """Do what is left to do.

        Raises JobLockedError where another process does it, Interrupted when a stop was asked for, OutputError when
        the disk is full or the output folder gone, any other StreamprocError or OSError on failure.
        """
        try:
            return self._run_once()
        except Interrupted:
            raise
        except (OSError, StreamprocError) as error:
            failure = output_failure(error, self._planned.source, self._ledger, self._need)
            if failure is None:
                raise
            raise failure from error

    def _run_once(self) -> SourceResult:
        self._ledger.refresh()  # another process may have finished the job since the ledger was opened
        lock = self._ledger.lock(self.name)
        done = self._finished()
        if done is not None:
            if self._is_left_over(lock):
                with suppress(JobLockedError), lock:  # its owner is about to remove it itself
                    self._tidy()
            return done
        with lock:
            self._ledger.refresh()  # or before the lock was ours
            done = self._finished()
            if done is not None:
                return done
            self._ledger.reopen(self.name)
            return self._make()

    def _finished(self) -> SourceResult | None:
        """The result, if an earlier run has finished this very job and is not to be overwritten."""
        if self._options.overwrite:
            return None
        entry = self._ledger.finished(self.name, self._mark)
        return None if entry is None else self._unchanged(entry)

    def _is_left_over(self, lock: JobLock) -> bool:
        """Whether a run that was killed after its last line in the ledger has left something to be removed."""
        if lock.path.exists() or (self.work.exists() and not self._options.keep_work):
            return True
        folder = next(path for path in self.work.parents if path.is_dir())
        return folder != self._ledger.work and not any(folder.iterdir())

    def _tidy(self) -> None:
        if not self._options.keep_work:
            remove_work(self.work, self._ledger.work)

    @abstractmethod
    def _unchanged(self, entry: Record) -> SourceResult:
        """The result that the ledger's entry of the finished job tells of."""

    @abstractmethod
    def _make(self) -> SourceResult:
        """Do the work, with the lock held."""

    @abstractmethod
    def _need(self) -> Need | None:
        """How much room the results that are still to be written take, as far as that can be told."""
