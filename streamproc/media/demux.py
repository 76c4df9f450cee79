"""Opening media files, and reading their packets past what is damaged."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

import av
from av.container.core import Flags
from av.stream import Disposition

from streamproc.errors import NoPictureError, SourceDecodeError, SourceNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

log = logging.getLogger(__name__)

_NO_FILM = Disposition.attached_pic | Disposition.timed_thumbnails
_MAX_READ_ERRORS = 64  # in a row; after so many without one packet the rest of the file is taken as lost


def open_container(path: Path) -> InputContainer:
    """Open a media file for reading; nothing but files is ever opened, whatever a playlist in it asks for.

    Raises SourceNotFoundError and SourceDecodeError.
    """
    if not path.is_file():
        what = "is a directory" if path.is_dir() else "does not exist"
        raise SourceNotFoundError(f"{path}: {what}; give a video file")
    try:
        # `file:` because a bare name with a colon is taken for a protocol. Tags that are not UTF-8 must not stop a job.
        container = av.open(
            f"file:{path}",
            "r",
            container_options={"protocol_whitelist": "file"},
            metadata_errors="surrogateescape",
        )
    except av.FFmpegError as error:
        raise SourceDecodeError(f"{path}: cannot be opened as a video: {reason(error)}; check the file") from error
    # PyAV asks FFmpeg to make up missing times. That gives wrong ones for AVI with B-frames, so TimeRepair does it.
    container.flags &= ~cast(int, Flags.gen_pts.value)
    return container


def reason(error: av.FFmpegError) -> str:
    """FFmpeg's own words for an error, without the file name that PyAV adds."""
    return error.strerror or type(error).__name__


def picture_stream(container: InputContainer, path: Path) -> VideoStream:
    """The stream with the film: no cover art or thumbnails; the largest picture, then the default, then the first.

    FFmpeg's own choice takes cover art for film in audio files, and may take a small preview over the film itself.
    Raises NoPictureError and SourceDecodeError (no decoder).
    """
    films = [stream for stream in container.streams.video if not stream.disposition & _NO_FILM]
    if not films:
        cover = "only cover art" if container.streams.video else "no video stream"
        raise NoPictureError(f"{path}: holds {cover}; give a file with moving pictures")
    playable = [stream for stream in films if stream.codec_context is not None]
    if not playable:
        raise SourceDecodeError(f"{path}: its video has a codec that this build of FFmpeg cannot decode")

    def rank(stream: VideoStream) -> tuple[int, bool, int]:
        return stream.width * stream.height, bool(stream.disposition & Disposition.default), -stream.index

    return max(playable, key=rank)


def codec_name(stream: Stream) -> str:
    """FFmpeg's name of the format that a stream is coded in; ``unknown`` where it has no decoder for it."""
    return stream.codec_context.codec.canonical_name if stream.codec_context is not None else "unknown"


def read_packets(
    container: InputContainer, streams: Sequence[Stream], path: Path, on_error: Callable[[], None]
) -> Iterator[Packet[Stream]]:
    """The packets of ``streams`` in file order, without empty ones; goes on after damage, of which ``on_error`` hears.

    Raises SourceDecodeError when reading itself fails (disk, network): a film cut short by that would be a lie.
    """
    errors = 0
    while errors < _MAX_READ_ERRORS:
        try:
            for packet in container.demux(*streams):
                if packet.size:  # an empty packet (a dropped frame in AVI) would set a decoder to draining
                    errors = 0
                    yield packet
            return
        except OSError as error:
            raise SourceDecodeError(f"{path}: reading failed: {error.strerror}; try again") from error
        except av.FFmpegError as error:
            errors += 1
            on_error()
            log.warning("%s: damaged container: %s; going on", path, reason(error))
