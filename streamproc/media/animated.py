"""Animated GIF, WebP and PNG as sources, through Pillow.

Each picture is shown as a browser shows it: composed over the pictures before it, and where it is still transparent,
over white, because no video codec that is written here carries alpha.
"""

from __future__ import annotations

import logging
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from streamproc.errors import NoPictureError, SourceDecodeError, SourceNotFoundError
from streamproc.media.frame import Frame
from streamproc.media.mark import as_marked, check_order
from streamproc.media.pixels import LAYOUTS
from streamproc.media.source import RGB_MATRIX, Damage, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from streamproc.media.mark import Mark

log = logging.getLogger(__name__)

TIME_BASE = Fraction(1, 1000)
DEFAULT_MS = 100
"""Shown for pictures of 10 ms or less, or of no duration at all: what browsers do (https://webkit.org/b/36082)."""

_FORMATS = {"GIF": "gif", "WEBP": "webp", "PNG": "apng"}  # Pillow's names and FFmpeg's
_PRIMARIES, _TRANSFER = 1, 13  # sRGB in ISO/IEC 23091-4


class AnimatedImage:
    """A ``Source`` over an animated image, or one of a single picture; layout gbrp.

    Times are in milliseconds from 0, each picture beginning where the one before ended. A picture that cannot be
    decoded ends the animation and is counted in ``damage``, as in a browser.
    """

    def __init__(self, path: Path) -> None:
        """Open ``path`` and decode its first picture.

        Raises SourceNotFoundError, NoPictureError where it is no GIF, WebP or PNG, and SourceDecodeError.
        """
        self._path = path
        self.damage = Damage()
        self.sought = ""
        self._running: Generator[Frame] | None = None
        try:
            self._image: Image.Image = Image.open(path, formats=tuple(_FORMATS))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise SourceNotFoundError(f"{path}: there is no such file") from error
        except UnidentifiedImageError as error:
            raise NoPictureError(f"{path}: no GIF, WebP or PNG image") from error
        except Exception as error:  # Pillow's readers raise any type on a damaged file
            raise SourceDecodeError(f"{path}: the image is damaged: {error}") from error
        try:
            # An APNG may begin with a picture for viewers that know no animation; Pillow counts it.
            self._first = int(getattr(self._image, "default_image", False))
            self._count: int = getattr(self._image, "n_frames", 1)
            upright, duration = self._picture(self._first)
        except Exception as error:
            self.close()
            raise SourceDecodeError(f"{path}: the image is damaged or cut: {error}") from error
        self.info = SourceInfo(
            path=path,
            width=upright.width,
            height=upright.height,
            layout=LAYOUTS["gbrp"],
            time_base=TIME_BASE,
            rate=1000 / Fraction(duration).limit_denominator(1000),
            frames_estimate=self._count - self._first,
            colour_primaries=_PRIMARIES,
            colour_trc=_TRANSFER,
            colourspace=RGB_MATRIX,
            full_range=True,
            codec=_FORMATS[str(self._image.format)],
            container=_FORMATS[str(self._image.format)],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. Closing twice is allowed."""
        if self._running is not None:
            self._running.close()
        self._image.close()

    def frames(self, start: int = 0, mark: Mark | None = None) -> Iterator[Frame]:
        """Frames from ordinal ``start`` on. Pictures build on each other, so those before are decoded too.

        Raises SourceDecodeError where ``mark`` is of another animation.
        """
        check_order(mark, start)
        if self._running is not None:
            self._running.close()
        self.damage = Damage()
        self.sought = ""
        if mark is None:
            self._running = self._frames(start)
        else:
            self.sought = "decoded from the start: the pictures of an animated image build on each other"
            self._running = as_marked(self._frames(mark.first), mark, start, self._path)
        return self._running

    def _frames(self, start: int) -> Generator[Frame]:
        elapsed = 0.0  # ms; APNG has fractions of them, which must not add up to a drift
        for ordinal in range(self._count - self._first):
            try:
                picture, duration = self._picture(self._first + ordinal)
            except Exception as error:
                self.damage.read_errors += 1
                log.warning(
                    "%s: frame %d (%.3f s) is damaged and ends the animation, %d frames are lost: %s",
                    self._path, ordinal, elapsed / 1000, self._count - self._first - ordinal, error,
                )  # fmt: skip
                return
            if ordinal >= start:
                samples = np.asarray(picture)
                planes = [samples[:, :, i] for i in (1, 2, 0)]
                yield Frame.from_planes(
                    planes, "gbrp", ordinal=ordinal, pts=round(elapsed), time_base=TIME_BASE, full_range=True
                )
            elapsed += duration

    def _picture(self, index: int) -> tuple[Image.Image, float]:
        """Picture ``index`` in RGB, upright, and its duration in milliseconds."""
        self._image.seek(index)
        self._image.load()
        duration = float(self._image.info.get("duration", 0))  # WebP knows it only once loaded
        upright = ImageOps.exif_transpose(self._image)
        if upright.has_transparency_data:
            upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright.convert("RGBA"))
        return upright.convert("RGB"), duration if duration > 10 else DEFAULT_MS
