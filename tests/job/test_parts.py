from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from streamproc.job.parts import FilmSink, PngSink, mask_png
from streamproc.media.frame import Frame
from streamproc.media.mask_writer import MaskVideoWriter
from streamproc.options import MaskKind
from tests.e2e.oracles import ffprobe, pictures

TIME_BASE = Fraction(1, 25)


def binary(ordinal: int, size: int = 16) -> Frame:
    plane = np.zeros((size, size), np.uint8)
    plane[ordinal % size :] = 255
    return Frame.from_planes([plane], "gray", ordinal=ordinal, pts=ordinal, time_base=TIME_BASE)


class FakeWriter:
    """Writes one letter a frame."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w")
        self._path = path
        self._frames = 0

    def write(self, _: Frame) -> None:
        self._frames += 1
        self._file.write("x")

    def close(self) -> int:
        self._file.close()
        return self._frames

    def abort(self) -> None:
        self._file.close()
        self._path.unlink()


def test_each_chunk_of_a_film_has_a_writer_and_a_file_of_its_own(tmp_path: Path) -> None:
    written: list[int] = []
    sink = FilmSink("video", tmp_path, FakeWriter, lambda frame: written.append(frame.ordinal))
    parts = []
    for chunk in (3, 5):
        sink.begin(chunk)
        for ordinal in range(chunk):
            sink.write(binary(ordinal))
        parts.append(sink.finish())
    sink.abort()  # nothing is open: nothing happens
    assert [(part.kind, part.chunk, part.frames) for part in parts] == [("video", 3, 3), ("video", 5, 5)]
    assert [part.files for part in parts] == [
        [(tmp_path / f"00000{chunk}-video.mp4.tmp", tmp_path / f"00000{chunk}-video.mp4")] for chunk in (3, 5)
    ]
    assert [(tmp_path / f"00000{chunk}-video.mp4.tmp").read_text() for chunk in (3, 5)] == ["xxx", "xxxxx"]
    assert written == [0, 1, 2, 0, 1, 2, 3, 4]


def test_a_part_that_is_given_up_leaves_no_file(tmp_path: Path) -> None:
    sink = FilmSink("video", tmp_path, FakeWriter)
    sink.begin(0)
    sink.write(binary(0))
    sink.abort()
    assert list(tmp_path.iterdir()) == []


def test_a_film_part_counts_what_is_in_the_file(tmp_path: Path) -> None:
    def open_writer(path: Path) -> MaskVideoWriter:
        return MaskVideoWriter(
            path, kind="binary", width=16, height=16, time_base=TIME_BASE, rate=Fraction(25), threads=1
        )

    sink = FilmSink("binary", tmp_path, open_writer)
    sink.begin(0)
    for ordinal in range(7):
        sink.write(binary(ordinal))
    part = sink.finish()
    ((temporary, _),) = part.files
    counted = ffprobe(temporary, "-count_frames", "-show_entries", "stream=nb_read_frames")["streams"][0]
    assert part.frames == part.count() == int(counted["nb_read_frames"]) == 7
    assert (pictures(temporary, "gray", 16, 16) == [binary(ordinal).planes[0] for ordinal in range(7)]).all()


def test_masks_as_files_bear_their_ordinals(tmp_path: Path) -> None:
    given_back: list[int] = []
    sink = PngSink(
        MaskKind.BINARY, tmp_path, tmp_path / "clip_bin_mask", None, lambda frame: given_back.append(frame.ordinal)
    )
    sink.begin(1)
    for ordinal in (10, 11):
        sink.write(binary(ordinal))
    part = sink.finish()
    assert (part.kind, part.chunk, part.frames, part.count()) == ("binary", 1, 2, 2)
    assert [final for _, final in part.files] == [tmp_path / "clip_bin_mask" / f"0000{n}.png" for n in (10, 11)]
    assert not (tmp_path / "clip_bin_mask").exists()
    for temporary, final in part.files:
        with Image.open(temporary) as image:
            assert (np.asarray(image) == binary(int(final.stem)).planes[0]).all()
    part.files[0][0].unlink()
    assert part.count() == 1
    assert given_back == [10, 11]
    sink.begin(2)
    sink.write(binary(20))
    sink.abort()
    sink.begin(3)
    assert sink.finish().files == []


@pytest.mark.parametrize("level", [0, 1, 9])
def test_a_mask_as_png_is_exact(level: int) -> None:
    rng = np.random.default_rng(1)
    green, blue = rng.integers(0, 256, (2, 9, 14), np.uint8)
    canvas = Frame.from_planes([green, blue, np.zeros_like(green)], "gbrp", pts=0, time_base=TIME_BASE)
    with Image.open(io.BytesIO(mask_png("instance", canvas, level))) as image:
        read: np.ndarray[Any, Any] = np.asarray(image)
    assert (read == np.stack([np.zeros_like(green), green, blue], axis=-1)).all()
