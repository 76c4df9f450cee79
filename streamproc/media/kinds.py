"""What an input is: a still image, an animated image, or something for the video reader. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from streamproc.errors import SourceDecodeError, SourceNotFoundError
from streamproc.media.suffixes import IMAGE_SUFFIXES

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["still", "animated", "video"]

STILL_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
"""Formats, by Pillow's names, that still images are read from and written to. MPO files are read as JPEG."""

CAMERA_RAW_SUFFIXES = frozenset(
    {".3fr", ".arw", ".cr2", ".dng", ".iiq", ".nef", ".nrw", ".orf", ".pef", ".rw2", ".srw"}
)
"""Camera files that open as TIFF, but whose first picture is only a preview: refused, whatever their content."""

OTHER_IMAGE_SUFFIXES = CAMERA_RAW_SUFFIXES | {
    ".avif", ".cr3", ".dds", ".dpx", ".emf", ".eps", ".exr", ".hdr", ".heic", ".heif", ".icns", ".ico", ".j2k", ".jp2",
    ".jpx", ".jxl", ".pbm", ".pcx", ".pgm", ".pnm", ".ppm", ".psb", ".psd", ".raf", ".svg", ".tga", ".wmf", ".xcf",
}  # fmt: skip
"""Pictures that cannot be written back: refused by name, so that they do not come out as films of one frame."""

_BMP_HEADER_SIZES = (12, 40, 52, 56, 64, 108, 124)  # "BM" alone is too weak a sign
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def kind_of(path: Path) -> Kind:
    """Tell by its first bytes what ``path`` is; the suffix decides only where they say nothing.

    What is no image by content or by name is "video": the video reader judges it. A damaged image is "still", so that
    reading it says what is wrong. Raises SourceNotFoundError where there is no such file, SourceDecodeError where it
    may not be read or is empty.
    """
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise SourceNotFoundError(f"{path}: there is no such file") from error
    except OSError as error:
        raise SourceDecodeError(f"{path}: cannot be read: {error.strerror}") from error
    if not head:
        raise SourceDecodeError(f"{path}: is empty")
    sniffed = _sniff(head)
    if sniffed in ("GIF", "PNG", "WEBP") and _is_animated(path):
        return "animated"
    if sniffed or path.suffix.lower() in IMAGE_SUFFIXES | OTHER_IMAGE_SUFFIXES:
        return "still"
    return "video"


def is_still(path: Path) -> bool:
    """Whether ``path`` is one picture, for ``streamproc.media.still``. Raises what ``kind_of`` raises."""
    return kind_of(path) == "still"


def _sniff(head: bytes) -> str | None:
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:4] in _TIFF_STARTS:
        return "TIFF"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "BMP"
    return "GIF" if head[:6] in (b"GIF87a", b"GIF89a") else None


def _is_animated(path: Path) -> bool:
    from PIL import Image

    try:
        with Image.open(path, formats=("GIF", "PNG", "WEBP")) as image:
            return bool(getattr(image, "is_animated", False))
    except Exception:
        return False
