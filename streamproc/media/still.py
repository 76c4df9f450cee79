"""Still images, read and written back in their own format through Pillow.

A picture is turned upright (EXIF orientation) and worked on as gray, gray16le or planar GBR. Lossless formats give
every untouched sample back bit by bit. JPEG keeps its own quantisation tables, chroma subsampling and progressive
coding, so that untouched blocks hardly change and the file keeps its size. What Pillow can only read in another form
is said in the log: palettes become RGB (a GIF keeps its palette), 16-bit colours and 1-bit gray become 8 bits, CMYK
becomes RGB. One picture comes out: further pictures of an MPO file and anything appended to the file are left behind.
"""

from __future__ import annotations

import logging
import os
import struct
import warnings
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageOps, JpegImagePlugin, UnidentifiedImageError

from streamproc.errors import NoPictureError, OutputError, SourceDecodeError, SourceNotFoundError
from streamproc.media.frame import Frame
from streamproc.media.kinds import CAMERA_RAW_SUFFIXES, STILL_FORMATS
from streamproc.media.still_metadata import colour_arguments, personal_arguments

if TYPE_CHECKING:
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

_ALLOWED = "JPEG, PNG, WebP, TIFF, BMP, GIF"
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")
_LOSSY_QUALITY = 90  # where the source's own quality cannot be told
_TIFF_COMPRESSIONS = ("raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "lzma", "zstd", "webp")
_SAMPLING_UNKNOWN, _SAMPLING_422 = -1, 1  # of JpegImagePlugin.get_sampling; unknown: neither 4:4:4, 4:2:2 nor 4:2:0


@dataclass(slots=True)
class StillImage:
    """One picture, and what is needed to save it as it came.

    ``frame`` is upright, its planes are writable, its layout is gray, gray16le or gbrp; ordinal and time are 0.
    ``alpha`` is uint8 (height, width) and is saved as it is, None where there is none. ``format`` is JPEG, PNG, WEBP,
    TIFF, BMP or GIF. ``coding`` holds the arguments for Pillow that keep the source's coding and colours, ``personal``
    those that keep EXIF, XMP and comments. ``palette`` is a GIF's: colours (n, 3) uint8 and indices (height, width).
    """

    path: Path
    frame: Frame
    alpha: NDArray[np.uint8] | None
    format: str
    coding: dict[str, Any] = field(default_factory=dict)
    personal: dict[str, Any] = field(default_factory=dict)
    palette: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None


def read_still(path: Path) -> StillImage:
    """Read one picture whole.

    Raises SourceNotFoundError where there is no such file, NoPictureError where it is no image, SourceDecodeError for
    a format that cannot be written back, for several pages, and for a damaged or cut file: there are no half pictures.
    """
    if path.suffix.lower() in CAMERA_RAW_SUFFIXES:
        raise SourceDecodeError(f"{path}: camera raw files cannot be written; give one of {_ALLOWED}")
    try:
        with warnings.catch_warnings():
            # Warned of from 89 megapixels, which panoramas reach; refused by Pillow from 179.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=STILL_FORMATS) as image:
                _refuse_pages(path, image)
                deep = _has_16_bit_colours(image)  # Pillow reads them as 8-bit ones without a word
                image.load()
                if deep:
                    log.warning("%s: 16-bit colours are read and written with 8 bits", path)
                return _still(path, image)
    except SourceDecodeError:
        raise
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise SourceNotFoundError(f"{path}: there is no such file") from error
    except PermissionError as error:
        raise SourceDecodeError(f"{path}: cannot be read: {error.strerror}") from error
    except UnidentifiedImageError as error:
        raise _unidentified(path) from error
    except Exception as error:  # Pillow's readers raise any type on a damaged file, SyntaxError and IndexError included
        raise SourceDecodeError(f"{path}: the image is damaged or cut: {error}") from error


def write_still(
    still: StillImage,
    target: Path | BinaryIO,
    *,
    quality: int | None = None,
    compress_level: int | None = None,
    keep_metadata: bool = False,
) -> None:
    """Write the planes of ``still.frame`` with its alpha in the source's format, whatever ``target`` is called.

    ``quality`` is 1 to 100 for JPEG, lossy WebP and JPEG in TIFF; without it JPEG keeps the source's own quantisation,
    WebP takes 90. ``compress_level`` is 0 to 9 for PNG. ``keep_metadata`` keeps EXIF, GPS, XMP and comments, never
    thumbnails or other copies of the picture. Raises OutputError.
    """
    arguments = {**still.coding, **(still.personal if keep_metadata else {})}
    if quality is not None and still.format in ("JPEG", "WEBP", "TIFF"):
        arguments.pop("qtables", None)
        arguments["quality"] = quality
    if compress_level is not None and still.format == "PNG":
        arguments["compress_level"] = compress_level
    image = _indexed(still, *still.palette) if still.palette is not None else _image(still)
    try:
        if still.format == "BMP" and still.alpha is not None:
            _save_bmp_with_alpha(image, target)
        else:
            image.save(target, still.format, **arguments)
    except (OSError, ValueError) as error:
        where = target if isinstance(target, Path) else still.path
        raise OutputError(f"{where}: the image cannot be written as {still.format}: {error}") from error


def _unidentified(path: Path) -> NoPictureError | SourceDecodeError:
    try:
        with Image.open(path) as image:
            return SourceDecodeError(f"{path}: {image.format} images cannot be written; give one of {_ALLOWED}")
    except Exception:
        return NoPictureError(f"{path}: no image of a known format; give one of {_ALLOWED}")


def _refuse_pages(path: Path, image: Image.Image) -> None:
    pictures = getattr(image, "n_frames", 1)
    if pictures == 1:
        return
    if image.format == "MPO":
        log.warning("%s: holds %d pictures; the first is kept, the others are dropped", path, pictures)
        return
    raise SourceDecodeError(
        f"{path}: holds {pictures} pictures, and all but the first would be lost; split it into single pictures first"
    )


def _has_16_bit_colours(image: Image.Image) -> bool:
    if image.mode in _SIXTEEN_BITS:
        return False
    if image.format == "TIFF":
        return bool(np.max(image.getexif().get(ExifTags.Base.BitsPerSample, 8)) == 16)
    return image.format == "PNG" and any(";16" in str(tile.args) for tile in getattr(image, "tile", ()))


def _still(path: Path, image: Image.Image) -> StillImage:
    file_format = "JPEG" if image.format == "MPO" else str(image.format)
    upright = ImageOps.exif_transpose(image)
    palette = _palette(upright) if file_format == "GIF" else None
    frame, alpha = _frame(_working_mode(path, upright, said=palette is None))
    return StillImage(
        path,
        frame,
        alpha,
        file_format,
        coding={**colour_arguments(image), **_coding(path, image)},
        personal=personal_arguments(image, upright.size),
        palette=palette,
    )


def _working_mode(path: Path, upright: Image.Image, *, said: bool) -> Image.Image:
    """``upright`` in one of the modes L, LA, RGB, RGBA or I;16, with a line in the log where samples change."""
    mode = upright.mode
    if mode in _SIXTEEN_BITS:
        return upright
    if mode in ("I", "F"):
        raise SourceDecodeError(f"{path}: has 32 bits a sample; allowed are 8, and 16 in gray")
    gray = mode in ("1", "L", "LA", "La")
    wanted = ("LA" if gray else "RGBA") if upright.has_transparency_data else ("L" if gray else "RGB")
    if mode == wanted:
        return upright
    if said:
        log.info("%s: %s is read and written as %s", path, mode, wanted)
    return upright.convert(wanted)


def _frame(image: Image.Image) -> tuple[Frame, NDArray[np.uint8] | None]:
    samples = np.asarray(image)
    layout = "gray16le" if samples.dtype.itemsize == 2 else "gray" if image.mode in ("L", "LA") else "gbrp"
    if samples.ndim == 2:
        samples = samples[:, :, None]
    planes = [samples[:, :, i] for i in ((1, 2, 0) if layout == "gbrp" else (0,))]
    alpha = np.ascontiguousarray(samples[:, :, -1]) if image.mode in ("LA", "RGBA") else None
    return Frame.from_planes(planes, layout, pts=0, time_base=Fraction(1, 1000), full_range=True), alpha


def _image(still: StillImage) -> Image.Image:
    planes = still.frame.planes
    channels = list(planes) if len(planes) == 1 else [planes[2], planes[0], planes[1]]
    if still.alpha is not None:
        channels.append(still.alpha)
    return Image.fromarray(np.ascontiguousarray(channels[0]) if len(channels) == 1 else np.stack(channels, axis=-1))


def _coding(path: Path, image: Image.Image) -> dict[str, Any]:
    """Arguments for ``Image.save`` that keep how the source was coded."""
    if image.format in ("JPEG", "MPO"):
        return _jpeg_coding(image)
    if image.format == "WEBP":
        lossless = _is_lossless_webp(path)
        return {"lossless": True, "exact": True} if lossless else {"quality": _LOSSY_QUALITY, "alpha_quality": 100}
    if image.format == "TIFF":
        compression = {"tiff_jpeg": "jpeg", "tiff_deflate": "tiff_adobe_deflate"}.get(
            image.info.get("compression", "raw"), image.info.get("compression", "raw")
        )
        coding = {"compression": compression if compression in _TIFF_COMPRESSIONS else "tiff_lzw"}
        return {**coding, "quality": _LOSSY_QUALITY} if compression == "jpeg" else coding
    if image.format in ("GIF", "PNG") and (image.format == "GIF" or image.mode in _SIXTEEN_BITS):
        return {"transparency": image.info["transparency"]} if "transparency" in image.info else {}
    return {}


def _jpeg_coding(image: Image.Image) -> dict[str, Any]:
    progressive = bool(image.info.get("progressive"))
    if image.mode == "CMYK":  # its tables are for inks
        return {"quality": _LOSSY_QUALITY, "subsampling": 0, "progressive": progressive}
    tables = [np.reshape(table, (8, 8)) for _, table in sorted(getattr(image, "quantization", {}).items())]
    sampling = JpegImagePlugin.get_sampling(image) if image.mode != "L" else 0
    if image.getexif().get(ExifTags.Base.Orientation, 1) >= 5:  # width and height change places
        tables = [table.T for table in tables]
        sampling = 0 if sampling == _SAMPLING_422 else sampling  # Pillow writes no 4:4:0
    return {
        "qtables": [table.ravel().tolist() for table in tables],
        "subsampling": 0 if sampling == _SAMPLING_UNKNOWN else sampling,
        "progressive": progressive,
    }


def _is_lossless_webp(path: Path) -> bool:
    """Whether the picture is coded in a VP8L chunk (https://developers.google.com/speed/webp/docs/riff_container)."""
    with path.open("rb") as file:
        file.seek(12)
        while len(header := file.read(8)) == 8:
            if header[:4] in (b"VP8 ", b"VP8L"):
                return header[:4] == b"VP8L"
            size = int.from_bytes(header[4:], "little")
            file.seek(size + size % 2, os.SEEK_CUR)
    return False


def _save_bmp_with_alpha(image: Image.Image, target: Path | BinaryIO) -> None:
    """Write RGBA as a BMP with channel masks (BITMAPV4HEADER); Pillow writes one whose alpha no reader looks for."""
    width, height = image.size
    header_size, bits, bit_fields, srgb = 108, 32, 3, 0x73524742
    data = image.tobytes("raw", "BGRA", 0, -1)
    header = struct.pack(
        "<2sI4xIIiiHHIIii8x5I48x", b"BM", 14 + header_size + len(data), 14 + header_size, header_size, width, height, 1,
        bits, bit_fields, len(data), 0, 0, 0x00FF0000, 0x0000FF00, 0x000000FF, 0xFF000000, srgb,
    )  # fmt: skip
    if isinstance(target, Path):
        target.write_bytes(header + data)
    else:
        target.write(header + data)


def _palette(image: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Colours (256, 3) and indices (height, width) of a GIF; Pillow opens one with a gray palette as L."""
    colours = np.zeros((256, 3), np.uint8)
    listed = image.getpalette("RGB") if image.mode == "P" else np.repeat(np.arange(256), 3)
    flat = np.asarray(listed, np.uint8)
    colours.ravel()[: flat.size] = flat
    return colours, np.array(image)


def _indexed(still: StillImage, colours: NDArray[np.uint8], indices: NDArray[np.uint8]) -> Image.Image:
    """The picture in its palette: untouched pixels keep their index, changed ones take the nearest opaque colour."""
    planes = still.frame.planes
    rgb = np.stack((planes[2], planes[0], planes[1]) if len(planes) == 3 else planes * 3, axis=-1)
    changed = (rgb != colours[indices]).any(axis=-1)
    if still.alpha is not None:
        changed &= still.alpha > 0
    wanted, inverse = np.unique(rgb[changed], axis=0, return_inverse=True)
    usable = np.setdiff1d(np.arange(256), [still.coding.get("transparency", -1)])
    nearest = np.empty(len(wanted), np.uint8)
    for i, colour in enumerate(wanted.astype(np.int32)):
        nearest[i] = usable[((colours[usable] - colour) ** 2).sum(axis=1).argmin()]
    mapped = indices.copy()
    mapped[changed] = nearest[inverse.ravel()]
    image = Image.fromarray(mapped)
    image.putpalette(colours.tobytes())
    return image
