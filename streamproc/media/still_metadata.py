"""What a still image carries beside its samples, as arguments for saving it again.

Two rules. Without ``--keep-metadata`` only what the picture needs to look right survives: ICC profile, gamma,
resolution. With it EXIF, XMP and comments survive too, but never anything that may hold another copy of the picture,
which would show what was made unrecognisable: thumbnails, maker notes, Photoshop resources, further pictures of an MPO
file, picture data inside XMP. EXIF is therefore copied by a list of allowed tags, not by a list of forbidden ones.
"""

from __future__ import annotations

import logging
import re
import struct
from typing import TYPE_CHECKING, Any

from PIL import ExifTags, Image, PngImagePlugin

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

MAX_TAG_BYTES = 1024
"""The largest value of an EXIF tag that is kept: enough for words, too little for a picture."""

# Exif 2.32, table 4 (https://www.cipa.jp/std/documents/e/DC-008-Translation-2019-E.pdf): what describes the picture as
# a whole. Tags that say how its samples are stored belong to the file they came from.
_IMAGE_TAGS = frozenset(
    tag.value
    for tag in (
        ExifTags.Base.DocumentName, ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model,
        ExifTags.Base.Software, ExifTags.Base.DateTime, ExifTags.Base.Artist, ExifTags.Base.HostComputer,
        ExifTags.Base.Copyright, ExifTags.Base.Rating, ExifTags.Base.XPTitle, ExifTags.Base.XPComment,
        ExifTags.Base.XPAuthor, ExifTags.Base.XPKeywords, ExifTags.Base.XPSubject,
    )
)  # fmt: skip
_NOT_KEPT = frozenset((ExifTags.Base.MakerNote.value, ExifTags.IFD.Interop.value))
_PICTURE_SIGNS = (b"humbnail", b"/9j/", b"iVBORw0KGgo", b"GImage", b"GDepth", b"GContainer", b"Container:Directory")
_XMP_KEY = "XML:com.adobe.xmp"
_XMP_TAG = 700
_XMP_ORIENTATION = re.compile(rb"""(tiff:Orientation(?:=["']|>))[0-9]""")


def colour_arguments(image: Image.Image) -> dict[str, Any]:
    """Arguments for ``Image.save`` that keep how ``image`` looks: ICC profile, gamma, resolution. Nothing personal."""
    arguments: dict[str, Any] = {}
    if image.info.get("icc_profile") and image.mode not in (
        "CMYK",
        "LAB",
    ):  # such a profile means nothing to RGB samples
        arguments["icc_profile"] = image.info["icc_profile"]
    if dpi := image.info.get("dpi"):
        arguments["dpi"] = tuple(float(value) for value in dpi)
    if image.format == "PNG" and (chunks := list(_png_colour_chunks(image.info))):
        arguments["pnginfo"] = _png_info(chunks, {})
    return arguments


def personal_arguments(image: Image.Image, size: tuple[int, int]) -> dict[str, Any]:
    """Arguments for ``Image.save`` that keep EXIF (GPS too, orientation set to 1), XMP and comments of ``image``.

    ``image`` is the picture as it was opened and loaded, ``size`` its upright (width, height) in pixels. What may hold
    a picture is left out.
    """
    arguments: dict[str, Any] = {}
    exif, xmp = _clean_exif(image, size), _clean_xmp(image)
    if image.format == "TIFF" and xmp is not None:
        exif[_XMP_TAG] = xmp
    if packed := _packed(exif):
        arguments["exif"] = packed
    if image.format == "PNG":
        texts = {
            key: str(text)
            for key, text in getattr(image, "text", {}).items()
            if key != _XMP_KEY and not key.startswith("Raw profile type")  # raw profiles hold EXIF or Photoshop data
        }
        if xmp is not None:
            texts[_XMP_KEY] = xmp.decode("utf-8", "replace")
        if texts:
            arguments["pnginfo"] = _png_info(list(_png_colour_chunks(image.info)), texts)
    elif xmp is not None and image.format in ("JPEG", "MPO", "WEBP"):
        arguments["xmp"] = xmp
    if image.info.get("comment") and image.format in ("JPEG", "MPO", "GIF"):
        arguments["comment"] = image.info["comment"]
    return arguments


def _clean_exif(image: Image.Image, size: tuple[int, int]) -> Image.Exif:
    source = image.getexif()
    kept = Image.Exif()
    for tag in sorted(_IMAGE_TAGS & set(source)):
        if _is_small(source[tag]):
            kept[tag] = source[tag]
    for ifd in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        values = {tag: value for tag, value in source.get_ifd(ifd).items() if tag not in _NOT_KEPT and _is_small(value)}
        if ifd == ExifTags.IFD.Exif:
            for tag, length in zip((ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight), size, strict=True):
                if tag in values:
                    values[tag] = length
        if values:
            kept[ifd] = values
    return kept


def _packed(exif: Image.Exif) -> bytes | None:
    if not len(exif):
        return None
    exif[ExifTags.Base.Orientation] = 1
    try:
        return exif.tobytes()
    except (struct.error, TypeError, ValueError, OverflowError) as error:
        # Pillow reads tags of the wrong type that it then cannot write.
        log.warning("EXIF metadata is damaged and is dropped: %s", error)
        return None


def _is_small(value: object) -> bool:
    if isinstance(value, (bytes, str)):
        return len(value) <= MAX_TAG_BYTES
    if isinstance(value, tuple):
        return len(value) <= 16
    return not isinstance(value, dict)


def _clean_xmp(image: Image.Image) -> bytes | None:
    xmp = image.info.get("xmp", image.info.get(_XMP_KEY))
    if not xmp:
        return None
    raw: bytes = xmp.encode() if isinstance(xmp, str) else bytes(xmp)
    if any(sign in raw for sign in _PICTURE_SIGNS):
        log.warning("XMP metadata holds or names another picture and is dropped: it may show what was hidden")
        return None
    return _XMP_ORIENTATION.sub(rb"\g<1>1", raw)


def _png_colour_chunks(info: dict[Any, Any]) -> Iterator[tuple[bytes, bytes]]:
    # PNG 1.2, section 11.3.3; Pillow reads these and does not write them.
    if "srgb" in info:
        yield b"sRGB", bytes([info["srgb"]])
    if "gamma" in info:
        yield b"gAMA", struct.pack(">I", round(info["gamma"] * 100_000))
    if "chromaticity" in info:
        yield b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in info["chromaticity"]))


def _png_info(chunks: list[tuple[bytes, bytes]], texts: dict[str, str]) -> PngImagePlugin.PngInfo:
    made = PngImagePlugin.PngInfo()
    for name, data in chunks:
        made.add(name, data)
    for key, text in texts.items():
        made.add_itxt(key, text)
    return made
