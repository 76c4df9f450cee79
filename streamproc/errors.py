"""Every error that streamproc raises on purpose.

    StreamprocError
    ├── UsageError                  the caller asked for something impossible (exit 2)
    │   ├── OptionError             an option has a value outside its allowed values
    │   ├── OutputOverInputError    an output would land on an input
    │   └── MissingExtraError       an optional package is not installed
    ├── SourceError                 an input cannot be read
    │   ├── SourceNotFoundError     it does not exist, or is no file
    │   ├── NoPictureError          it opens, but holds no picture
    │   └── SourceDecodeError       its pictures cannot be decoded
    ├── DetectorError               a detector is unknown, or failed on a frame
    │   └── DetectionsFileError     a file of given detections cannot be understood
    ├── FormatError                 metadata or a mask is not in the format it should be in
    ├── OutputError                 something could not be written
    │   ├── EncodeError             the encoder or muxer refused
    │   └── OutputChangedError      a finished output is not what the journal says
    ├── JobError                    a job cannot go on
    │   ├── JournalError            the journal is foreign or damaged beyond its last line
    │   ├── FingerprintError        the job was begun with another source or other options
    │   └── JobLockedError          another process works on this job
    └── Interrupted                 a signal asked to stop; what is committed is kept

A message is one line: what happened, which file, frame and time, what is allowed and what was given, what to do.
"""

from __future__ import annotations


class StreamprocError(Exception):
    """Root of all errors that streamproc raises on purpose."""


class UsageError(StreamprocError):
    """The caller asked for something impossible; nothing was begun."""


class OptionError(UsageError):
    """An option has a value outside its allowed values."""


class OutputOverInputError(UsageError):
    """An output would land on an input, or two inputs on one output."""


class MissingExtraError(UsageError):
    """An optional package is needed and not installed; the message says what to install."""


class SourceError(StreamprocError):
    """An input cannot be read."""


class SourceNotFoundError(SourceError):
    """An input does not exist, or is no regular file."""


class NoPictureError(SourceError):
    """An input opens but holds no picture stream."""


class SourceDecodeError(SourceError):
    """The pictures of an input cannot be decoded."""


class DetectorError(StreamprocError):
    """A detector is unknown, cannot be made, or failed on a frame."""


class DetectionsFileError(DetectorError):
    """A file of given detections cannot be understood."""


class FormatError(StreamprocError):
    """Metadata or a mask is not in the format it should be in."""


class OutputError(StreamprocError):
    """Something could not be written."""


class EncodeError(OutputError):
    """The encoder or the muxer refused a picture or its settings."""


class OutputChangedError(OutputError):
    """A finished output is not what the journal says it is."""


class JobError(StreamprocError):
    """A job cannot go on."""


class JournalError(JobError):
    """The journal is foreign, or damaged before its last line."""


class FingerprintError(JobError):
    """The job was begun with another source, other options or other weights."""


class JobLockedError(JobError):
    """Another process works on this job."""


class Interrupted(StreamprocError):  # noqa: N818  it is a request, not an error, and is named like KeyboardInterrupt
    """A signal asked to stop; what is committed is kept and the job can be resumed.

    ``signal_number`` is the signal; the process should exit with 128 + that number.
    """

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.signal_number = signal_number
