"""Masks as PNG files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from streamproc.errors import FormatError, SourceNotFoundError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Plane = NDArray[np.uint8]


def binary_png(plane: Plane, *, compress_level: int = 1) -> bytes:
    """A binary mask, uint8 (height, width), as an 8-bit gray PNG file; ``compress_level`` is zlib's, 0..9."""
    return _encoded(Image.fromarray(np.ascontiguousarray(plane)), compress_level)


def instance_png(green: Plane, blue: Plane, *, compress_level: int = 1) -> bytes:
    """An instance mask as an 8-bit RGB PNG file, R = 0, from its green and blue planes, uint8 (height, width)."""
    channels = [Image.fromarray(np.ascontiguousarray(plane)) for plane in (green, blue)]
    return _encoded(Image.merge("RGB", [Image.new("L", channels[0].size), *channels]), compress_level)


def read_mask_png(source: bytes | Path) -> NDArray[np.uint8]:
    """Read a mask back: uint8 (height, width) from a gray PNG, (height, width, 3) from one in colour, without alpha.

    ``source`` is a path or a file's content. Raises SourceNotFoundError where there is no such file, FormatError
    where it is no PNG, is cut short, or has more than 8 bits a channel.
    """
    name = "mask" if isinstance(source, bytes) else str(source)
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=["PNG"]) as image:
            mode = _MODES.get(image.mode)
            if mode is None:
                raise FormatError(f"{name}: a mask has 8 bits a channel; this PNG has mode {image.mode}")
            return np.array(image.convert(mode))
    except FileNotFoundError as error:
        raise SourceNotFoundError(f"{name}: no such file") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise FormatError(f"{name}: not a readable PNG: {error}") from error


_MODES = {"1": "L", "L": "L", "LA": "L", "P": "RGB", "RGB": "RGB", "RGBA": "RGB"}


def _encoded(image: Image.Image, compress_level: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=compress_level)
    return buffer.getvalue()
