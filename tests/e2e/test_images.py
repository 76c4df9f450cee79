"""Still images through a whole run, judged by Pillow."""

from __future__ import annotations

import io
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from streamproc.detect.detector import DetectorSettings
from streamproc.job.batch import run_batch
from streamproc.job.results import Result
from streamproc.job.validation import validate
from streamproc.options import Options
from tests.e2e.found import Middle, corner, middle
from tests.e2e.oracles import pictures, stream, times

Pixels = np.ndarray[Any, Any]

GPS = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)}


def run(inputs: Path, out: Path, **options: Any) -> Result:
    given: dict[str, Any] = {"method": "blacken", "save_mask": "all", "threads": 1}
    result = run_batch([inputs], out, Options.of(**(given | options)), detector=Middle(DetectorSettings()))
    assert result.ok, [str(failed.error) for failed in result.failed]
    assert validate(out).problems == []
    return result


def scene(width: int, height: int, seed: int = 0) -> Pixels:
    """Smooth colours with some noise, nowhere black."""
    y, x = np.mgrid[:height, :width]
    noise = np.random.default_rng(seed).integers(0, 8, (height, width, 3))
    return (np.stack([60 + x % 120, 60 + y % 120, 90 + (x + y) % 100], -1) + noise).astype(np.uint8)


def covered(width: int, height: int) -> Pixels:
    inside = np.zeros((height, width), bool)
    for x1, y1, x2, y2 in (middle(width, height), corner(width, height)):
        inside[y1:y2, x1:x2] = True
    return inside


def pixels(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize("size", [(64, 48), (33, 17), (16, 1), (1, 1), (1, 37)])
@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("a.png", "RGB", {}),
        ("a.PNG", "RGBA", {}),
        ("a.png", "L", {}),
        ("a.png", "I;16", {}),
        ("a.tif", "RGB", {"compression": "tiff_lzw"}),
        ("a.tiff", "I;16", {}),
        ("a.bmp", "RGB", {}),
        ("a.webp", "RGB", {"lossless": True}),
        ("a.webp", "RGBA", {"lossless": True, "exact": True}),
    ],
)
def test_lossless_formats_keep_every_pixel_that_is_not_covered(
    name: str, mode: str, options: dict[str, Any], size: tuple[int, int], tmp_path: Path
) -> None:
    source = tmp_path / "in" / name
    source.parent.mkdir()
    given = scene(*size)
    if mode == "I;16":
        given = given[..., 0].astype(np.uint16) * 257
    elif mode == "L":
        given = given[..., 0]
    elif mode == "RGBA":
        given = np.dstack([given, given[..., 1]])
    Image.fromarray(given).save(source, **options)
    run(source, tmp_path / "out")
    made = pixels(tmp_path / "out" / name)
    inside = covered(*size)
    assert (made.shape, made.dtype) == (given.shape, given.dtype)
    assert (made[~inside] == given[~inside]).all()
    colours = made[..., :3] if made.ndim == 3 else made
    assert not colours[inside].any()
    if mode == "RGBA":
        assert (made[..., 3] == given[..., 3]).all()
    assert ((pixels(tmp_path / "out" / "a_bin_mask.png") == 255) == inside).all()


def test_a_gif_keeps_its_palette(tmp_path: Path) -> None:
    source = tmp_path / "in" / "a.gif"
    source.parent.mkdir()
    Image.fromarray(scene(64, 48)).quantize(64).save(source)
    run(source, tmp_path / "out")
    with Image.open(source) as given, Image.open(tmp_path / "out" / "a.gif") as made:
        assert made.format == "GIF"
        before, after = np.asarray(given.convert("RGB")), np.asarray(made.convert("RGB"))
    assert (after[~covered(64, 48)] == before[~covered(64, 48)]).all()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_stays_a_jpeg_and_close_to_what_it_was(mode: str, tmp_path: Path) -> None:
    source = tmp_path / "in" / "a.jpeg"
    source.parent.mkdir()
    Image.fromarray(scene(96, 64)).convert(mode).save(source, quality=92)
    run(source, tmp_path / "out")
    with Image.open(source) as given, Image.open(tmp_path / "out" / "a.jpeg") as made:
        assert made.format == "JPEG"
        before, after = (np.asarray(image.convert("RGB")).astype(int) for image in (given, made))
    inside = covered(96, 64)
    far = ~np.pad(inside, 16)[16:-16, 16:-16]
    for dy in range(-16, 17, 8):
        for dx in range(-16, 17, 8):
            far &= ~np.roll(inside, (dy, dx), (0, 1))
    assert np.abs(after - before)[far].mean() < 2
    assert after[inside].mean() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_worked_on_upright(orientation: int, tmp_path: Path) -> None:
    """Boxes, sizes and masks are those of the upright picture, and so is what is written."""
    source = tmp_path / "in" / "a.jpg"
    source.parent.mkdir()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.IFD.GPSInfo] = GPS
    stored = Image.fromarray(np.kron(scene(12, 8), np.ones((8, 8, 1), np.uint8)))
    stored.save(source, quality=95, exif=exif)
    width, height = (96, 64) if orientation < 5 else (64, 96)
    run(source, tmp_path / "out")
    record = json.loads((tmp_path / "out" / "a.json").read_text())
    assert (record["width"], record["height"], record["size"]) == (width, height, [height, width])
    assert record["detections"][0]["bbox"] == list(middle(width, height))
    with Image.open(tmp_path / "out" / "a.jpg") as made:
        assert made.size == (width, height)
        assert made.getexif().get(ExifTags.Base.Orientation, 1) == 1
        assert made.getexif().get_ifd(ExifTags.IFD.GPSInfo) == {}
        after = np.asarray(made).astype(int)
    x1, y1, x2, y2 = middle(width, height)
    assert after[y1 + 4 : y2 - 4, x1 + 4 : x2 - 4].max() < 30
    turn = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90,
    }[orientation]  # fmt: skip
    upright = np.asarray(stored if turn is None else stored.transpose(turn)).astype(int)
    corner = np.s_[: height // 6, : width // 6]
    assert np.abs(after[corner] - upright[corner]).mean() < 3


def test_places_and_names_are_dropped_unless_they_are_wanted(tmp_path: Path) -> None:
    source = tmp_path / "in" / "a.jpg"
    source.parent.mkdir()
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "Ada Example"
    exif[ExifTags.IFD.GPSInfo] = GPS
    Image.fromarray(scene(64, 48)).save(source, exif=exif, comment=b"in front of 12 Example Street")
    run(source, tmp_path / "out")
    run(source, tmp_path / "kept", keep_metadata=True)
    assert b"Example" not in (tmp_path / "out" / "a.jpg").read_bytes()
    with Image.open(tmp_path / "out" / "a.jpg") as made:
        assert dict(made.getexif()) == {}
    with Image.open(tmp_path / "kept" / "a.jpg") as made:
        assert made.getexif()[ExifTags.Base.Artist] == "Ada Example"
        assert made.getexif().get_ifd(ExifTags.IFD.GPSInfo)[2] == GPS[2]


def test_quality_and_compression_are_what_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.fromarray(scene(96, 64)).save(tmp_path / "in" / "a.jpg", quality=90)
    Image.fromarray(scene(96, 64)).save(tmp_path / "in" / "b.png")
    sizes = []
    for low, high in ((10, 9), (95, 0)):
        out = tmp_path / str(low)
        run(tmp_path / "in", out, quality=low, compress_level=high)
        sizes.append([(out / name).stat().st_size for name in ("a.jpg", "b.png", "a_bin_mask.png")])
    assert all(small < large for small, large in zip(*sizes, strict=True))


def test_a_small_mask_holds_no_invented_colour(tmp_path: Path) -> None:
    source = tmp_path / "in" / "a.png"
    source.parent.mkdir()
    Image.fromarray(scene(65, 47)).save(source)
    run(source, tmp_path / "out", mask_scale=50)
    mask = pixels(tmp_path / "out" / "a_ins_maks.png")
    colours = {tuple(found["color"]) for found in json.loads((tmp_path / "out" / "a.json").read_text())["detections"]}
    both = tuple(np.bitwise_or.reduce(np.array(sorted(colours))))
    assert {tuple(map(int, colour)) for colour in mask.reshape(-1, 3)} == {(0, 0, 0), *colours, tuple(map(int, both))}
    assert mask.shape[:2] in ((23, 32), (24, 33), (24, 32), (23, 33))


@pytest.mark.parametrize(("name", "kind"), [("a.gif", "GIF"), ("a.webp", "WEBP"), ("a.png", "PNG")])
def test_an_animation_becomes_a_film_with_its_times(name: str, kind: str, tmp_path: Path) -> None:
    source = tmp_path / "in" / name
    source.parent.mkdir()
    frames = [Image.new("RGB", (48, 32), (50 + 40 * n, 200 - 40 * n, 90)) for n in range(4)]
    more: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    frames[0].save(source, kind, save_all=True, append_images=frames[1:], duration=[120, 40, 300, 100], **more)
    run(source, tmp_path / "out", crf=1, preset="ultrafast")
    assert times(tmp_path / "out" / "a.mp4") == [Fraction(ms, 1000) for ms in (0, 120, 160, 460)]
    assert stream(tmp_path / "out" / "a.mp4")["width"] == 48
    grey = pictures(tmp_path / "out" / "a.mp4", "gray", 48, 32)
    inside = covered(48, 32)
    assert grey[:, inside].max() < 30
    assert len({int(picture[0, 0]) for picture in grey}) == 4


def test_a_wrong_suffix_does_not_matter(tmp_path: Path) -> None:
    source = tmp_path / "in" / "a.jpg"
    source.parent.mkdir()
    Image.fromarray(scene(64, 48)).save(source, "PNG")
    run(source, tmp_path / "out")
    with Image.open(io.BytesIO((tmp_path / "out" / "a.jpg").read_bytes())) as made:
        assert made.format == "PNG"
