import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from streamproc.errors import FormatError, SourceNotFoundError
from streamproc.masks.png import binary_png, instance_png, read_mask_png
from tests.masks.strategies import padded, sizes


def pillow(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@settings(deadline=None)
@given(sizes, sizes, st.integers(0, 5), st.integers(0, 9))
def test_what_pillow_reads_is_what_was_written(width, height, padding, level):
    plane, other = padded(height, width, padding)[:, :width], padded(height, width, padding + 6)[:, :width]
    binary = pillow(binary_png(plane, compress_level=level))
    assert (binary.format, binary.mode) == ("PNG", "L")
    assert np.array_equal(np.asarray(binary), plane)
    instance = pillow(instance_png(plane, other, compress_level=level))
    assert (instance.format, instance.mode) == ("PNG", "RGB")
    assert np.array_equal(np.asarray(instance), np.dstack([np.zeros_like(plane), plane, other]))


def test_reads_back_from_bytes_and_path(tmp_path):
    green, blue = padded(9, 12, 0), padded(9, 12, 1)[:, :12]
    assert np.array_equal(read_mask_png(binary_png(green)), green)
    path = tmp_path / "mask.png"
    path.write_bytes(instance_png(green, blue))
    rgb = read_mask_png(path)
    assert rgb.dtype == np.uint8
    assert np.array_equal(rgb, np.dstack([np.zeros_like(green), green, blue]))


@pytest.mark.parametrize(
    ("mode", "converted", "shape"),
    [("1", "L", (5, 8)), ("LA", "L", (5, 8)), ("P", "RGB", (5, 8, 3)), ("RGBA", "RGB", (5, 8, 3))],
)
def test_reads_other_peoples_masks(mode, converted, shape):
    image = Image.fromarray(padded(5, 8, 2)).resize((8, 5)).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    read = read_mask_png(buffer.getvalue())
    assert read.shape == shape
    assert np.array_equal(read, np.asarray(image.convert(converted)))


def test_what_is_no_mask_is_refused(tmp_path):
    whole = binary_png(padded(40, 40, 0))
    jpeg, deep = io.BytesIO(), io.BytesIO()
    Image.new("L", (4, 4)).save(jpeg, "JPEG")
    Image.new("I;16", (4, 4)).save(deep, "PNG")
    for data in (b"", b"no", whole[:60], whole[: len(whole) // 2], jpeg.getvalue()):
        with pytest.raises(FormatError, match="not a readable PNG"):
            read_mask_png(data)
    with pytest.raises(FormatError, match="8 bits a channel; this PNG has mode I;16"):
        read_mask_png(deep.getvalue())
    with pytest.raises(SourceNotFoundError, match=r"gone\.png: no such file"):
        read_mask_png(tmp_path / "gone.png")
