import io
import logging
import shutil
import struct
import zlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, JpegImagePlugin

from streamproc.errors import NoPictureError, OutputError, SourceDecodeError, SourceNotFoundError
from streamproc.media.frame import Frame
from streamproc.media.still import StillImage, read_still, write_still

WIDTH, HEIGHT = 45, 31  # odd: whole chroma blocks must not be needed


def samples(channels: int = 3, *, seed: int = 1, dtype: type = np.uint8) -> NDArray[np.uint8]:
    """A picture with slopes, so that JPEG is close to it, and some noise, so that no two pixels are alike."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    slopes = np.stack([(x * (c + 1) * 2 + y * (5 - c)) % 256 for c in range(channels)], axis=-1)
    noisy = slopes + random.integers(0, 4, slopes.shape)
    scale = 257 if dtype == np.uint16 else 1
    return (np.clip(noisy, 0, 255) * scale).astype(dtype).squeeze()


def image_of(mode: str) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(samples(1, dtype=np.uint16))
    if mode in ("1", "P", "CMYK"):
        return Image.fromarray(samples(3)).convert(mode)
    channels = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}[mode]
    return Image.fromarray(samples(channels))


def written(still: StillImage, **options: bool | int) -> Image.Image:
    buffer = io.BytesIO()
    write_still(still, buffer, **options)  # type: ignore[arg-type]  # the tests give each option its own type
    image = Image.open(buffer)
    image.load()
    return image


def rgb(frame: Frame) -> NDArray[np.uint8]:
    green, blue, red = frame.planes
    return np.stack((red, green, blue), axis=-1)


def blacken(frame: Frame) -> None:
    for plane in frame.planes:
        plane[10:20, 5:25] = 0


LOSSLESS = [
    ("PNG", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"compression": "packbits"}),
    ("TIFF", {"compression": "tiff_adobe_deflate"}), ("TIFF", {"compression": "zstd"}), ("BMP", {}),
    ("WEBP", {"lossless": True, "exact": True}),
]  # fmt: skip
MODES = {
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"], "TIFF": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "BMP": ["1", "L", "P", "RGB"], "WEBP": ["RGB", "RGBA"],
}  # fmt: skip
LAYOUTS = {"1": "gray", "L": "gray", "LA": "gray", "I;16": "gray16le"}
CASES = [(name, options, mode) for name, options in LOSSLESS for mode in MODES[name]]


@pytest.mark.parametrize(("name", "options", "mode"), CASES)
def test_lossless_formats_keep_every_untouched_sample(
    tmp_path: Path, name: str, options: dict[str, str | bool], mode: str
) -> None:
    path = tmp_path / "a"
    image_of(mode).save(path, name, **options)
    with Image.open(path) as opened:
        opened.load()
        expected = np.asarray(opened.convert("L") if mode == "1" else opened.convert("RGB") if mode == "P" else opened)
    still = read_still(path)
    assert still.frame.layout.name == LAYOUTS.get(mode, "gbrp")
    assert (still.frame.ordinal, still.frame.pts, still.frame.width, still.frame.height) == (0, 0, WIDTH, HEIGHT)
    assert still.frame.full_range
    blacken(still.frame)
    result = np.array(written(still))
    changed = expected.copy()
    changed[10:20, 5:25, ...] = 0
    if mode in ("LA", "RGBA"):
        changed[..., -1] = expected[..., -1]  # alpha is untouched
    assert result.dtype == expected.dtype
    assert np.array_equal(result, changed)


@pytest.mark.parametrize("name", ["PNG", "TIFF", "WEBP", "BMP", "GIF", "JPEG"])
def test_format_is_kept(tmp_path: Path, name: str) -> None:
    image_of("RGB").save(tmp_path / "a.dat", name)
    still = read_still(tmp_path / "a.dat")
    write_still(still, tmp_path / "b.part")
    with Image.open(tmp_path / "b.part") as result:
        assert (result.format, result.size) == (name, (WIDTH, HEIGHT))


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "packbits", "tiff_adobe_deflate", "zstd", "jpeg"])
def test_tiff_compression_is_kept(tmp_path: Path, compression: str) -> None:
    image_of("RGB").save(tmp_path / "a.tif", compression=compression)
    assert written(read_still(tmp_path / "a.tif")).info["compression"] == compression


def test_fax_compression_cannot_hold_gray(tmp_path: Path) -> None:
    image_of("1").save(tmp_path / "a.tif", compression="group4")
    result = written(read_still(tmp_path / "a.tif"))
    assert (result.info["compression"], result.mode) == ("tiff_lzw", "L")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation_is_applied_once(tmp_path: Path, name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if name == "WEBP" else {"quality": 95, "subsampling": 0} if name == "JPEG" else {}
    image_of("RGB").save(tmp_path / "a", name, exif=exif, **options)
    with Image.open(tmp_path / "a") as opened:
        upright = ImageOps.exif_transpose(opened)
    expected = np.asarray(upright).astype(int)
    still = read_still(tmp_path / "a")
    assert np.array_equal(rgb(still.frame), expected)
    for keep in (False, True):
        result = written(still, keep_metadata=keep)
        assert result.getexif().get(0x0112, 1) == 1
        assert np.abs(np.asarray(result).astype(int) - expected).mean() <= (2 if name == "JPEG" else 0)


@pytest.mark.parametrize("sampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpeg_coding_is_kept(tmp_path: Path, sampling: int, progressive: bool, mode: str) -> None:
    image_of(mode).save(tmp_path / "a.jpg", quality=83, subsampling=sampling, progressive=progressive)
    with Image.open(tmp_path / "a.jpg") as opened:
        assert isinstance(opened, JpegImagePlugin.JpegImageFile)
        tables, expected = opened.quantization, np.asarray(opened).astype(int)
    result = written(read_still(tmp_path / "a.jpg"))
    assert isinstance(result, JpegImagePlugin.JpegImageFile)
    assert result.quantization == tables
    assert bool(result.info.get("progressive")) is progressive
    assert result.mode == mode
    if mode == "RGB":
        assert JpegImagePlugin.get_sampling(result) == sampling
    assert np.abs(np.asarray(result).astype(int) - expected).mean() < 2.5


@pytest.mark.parametrize(("orientation", "sampling"), [(6, 1), (8, 1), (5, 2), (3, 1)])
def test_turned_jpeg_keeps_what_chroma_it_has(tmp_path: Path, orientation: int, sampling: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image_of("RGB").save(tmp_path / "a.jpg", subsampling=sampling, exif=exif)
    result = written(read_still(tmp_path / "a.jpg"))
    wanted = 0 if sampling == 1 and orientation >= 5 else sampling
    assert JpegImagePlugin.get_sampling(result) == wanted


def test_quality_is_obeyed(tmp_path: Path) -> None:
    for name in ("JPEG", "WEBP"):
        image_of("RGB").save(tmp_path / "a", name, quality=90)
        still = read_still(tmp_path / "a")
        sizes = []
        for quality in (20, 95):
            buffer = io.BytesIO()
            write_still(still, buffer, quality=quality)
            sizes.append(buffer.tell())
        assert sizes[0] < sizes[1]


def test_compress_level_is_obeyed(tmp_path: Path) -> None:
    image_of("RGB").save(tmp_path / "a.png")
    still = read_still(tmp_path / "a.png")
    sizes = []
    for level in (0, 9):
        buffer = io.BytesIO()
        write_still(still, buffer, compress_level=level)
        sizes.append(buffer.tell())
    assert sizes[1] < sizes[0]


def test_lossy_webp_stays_lossy_and_keeps_alpha(tmp_path: Path) -> None:
    image = image_of("RGBA")
    image.save(tmp_path / "a.webp", quality=80, alpha_quality=100)
    still = read_still(tmp_path / "a.webp")
    buffer = io.BytesIO()
    write_still(still, buffer)
    assert b"VP8 " in buffer.getvalue()
    assert b"VP8L" not in buffer.getvalue()
    assert np.array_equal(np.asarray(Image.open(buffer))[..., 3], np.asarray(image)[..., 3])


@pytest.mark.parametrize(("mode", "key"), [("L", 7), ("RGB", (1, 2, 3)), ("I;16", 771)])
def test_png_colour_key_stays_transparent(tmp_path: Path, mode: str, key: object) -> None:
    image_of(mode).save(tmp_path / "a.png", transparency=key)
    result = written(read_still(tmp_path / "a.png"))
    assert result.has_transparency_data
    with Image.open(tmp_path / "a.png") as opened:
        assert np.array_equal(np.asarray(result.convert("RGBA")), np.asarray(opened.convert("RGBA")))


def gif(path: Path, **options: int) -> Image.Image:
    image = image_of("RGB").quantize(200)
    image.save(path, **options)
    with Image.open(path) as opened:
        return opened.convert("RGBA")


def test_gif_keeps_untouched_pixels_and_its_palette(tmp_path: Path) -> None:
    expected = np.array(gif(tmp_path / "a.gif"))
    still = read_still(tmp_path / "a.gif")
    green, blue, red = still.frame.planes
    red[10:20, 5:25], green[10:20, 5:25], blue[10:20, 5:25] = 90, 100, 110
    result = np.asarray(written(still).convert("RGBA"))
    outside = np.ones(expected.shape[:2], bool)
    outside[10:20, 5:25] = False
    assert np.array_equal(result[outside], expected[outside])
    colours = np.unique(expected[..., :3].reshape(-1, 3), axis=0).astype(int)
    nearest = ((colours - (90, 100, 110)) ** 2).sum(axis=1).min()
    assert (((result[10:20, 5:25, :3].astype(int) - (90, 100, 110)) ** 2).sum(axis=-1) == nearest).all()


def test_gif_transparency_is_kept(tmp_path: Path) -> None:
    expected = np.array(gif(tmp_path / "a.gif", transparency=3))
    assert (expected[..., 3] == 0).any()
    still = read_still(tmp_path / "a.gif")
    blacken(still.frame)
    result = np.asarray(written(still).convert("RGBA"))
    assert np.array_equal(result[..., 3], expected[..., 3])


def test_gray_gif(tmp_path: Path) -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(ramp).save(tmp_path / "a.gif")  # a palette of all grays in order, which Pillow opens as L
    still = read_still(tmp_path / "a.gif")
    assert still.frame.layout.name == "gray"
    still.frame.planes[0][10:, 5:] = 77
    ramp[10:, 5:] = 77
    assert np.array_equal(np.asarray(written(still).convert("L")), ramp)


def test_bmp_alpha_is_kept(tmp_path: Path) -> None:
    pixels = samples(4)
    header = struct.pack(
        "<2sIHHIIiiHHIIiiIIIIIII48x", b"BM", 122 + pixels.size, 0, 0, 122, 108, WIDTH, -HEIGHT, 1, 32, 3,
        pixels.size, 2835, 2835, 0, 0, 0x000000FF, 0x0000FF00, 0x00FF0000, 0xFF000000, 0x73524742,
    )  # fmt: skip
    (tmp_path / "a.bmp").write_bytes(header + pixels.tobytes())
    still = read_still(tmp_path / "a.bmp")
    assert still.alpha is not None
    blacken(still.frame)
    pixels[10:20, 5:25, :3] = 0
    assert np.array_equal(np.asarray(written(still)), pixels)
    write_still(still, tmp_path / "b.bmp")
    assert (tmp_path / "b.bmp").stat().st_size == 122 + pixels.size


def test_cmyk_becomes_rgb_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    image_of("CMYK").save(tmp_path / "a.jpg", quality=95, icc_profile=b"ink profile")
    with caplog.at_level(logging.INFO):
        still = read_still(tmp_path / "a.jpg")
    assert "CMYK is read and written as RGB" in caplog.text
    result = written(still)
    assert result.mode == "RGB"
    assert "icc_profile" not in result.info
    assert np.abs(np.asarray(result).astype(int) - samples(3)).mean() < 4


def test_palette_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    image_of("P").save(tmp_path / "a.png")
    with caplog.at_level(logging.INFO):
        read_still(tmp_path / "a.png")
    assert "P is read and written as RGB" in caplog.text


def test_deep_colours_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    deep = samples(3, dtype=np.uint16).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in deep)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    still = read_still(tmp_path / "a.png")
    assert "16-bit colours are read and written with 8 bits" in caplog.text
    assert np.array_equal(rgb(still.frame), samples(3))


@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_colour_profile_is_kept(tmp_path: Path, name: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image_of("RGB").save(tmp_path / "a", name, icc_profile=profile)
    assert written(read_still(tmp_path / "a")).info["icc_profile"] == profile


@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "BMP"])
def test_resolution_is_kept(tmp_path: Path, name: str) -> None:
    image_of("RGB").save(tmp_path / "a", name, dpi=(300, 150))
    assert written(read_still(tmp_path / "a")).info["dpi"] == pytest.approx((300, 150), abs=0.05)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
@pytest.mark.parametrize("part", [0.05, 0.5, 0.9])
def test_cut_files_are_refused(tmp_path: Path, name: str, part: float) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole", name)
    whole = (tmp_path / "whole").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises((SourceDecodeError, NoPictureError), match=r"^[^\n]*cut\.jpg: [^\n]*$"):
        read_still(tmp_path / "cut.jpg")


@pytest.mark.parametrize("content", [b"", b"just text", bytes(range(256)) * 8])
def test_what_is_no_image(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(NoPictureError, match="give one of JPEG, PNG, WebP, TIFF, BMP, GIF"):
        read_still(tmp_path / "a.jpg")


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "a.jpg"):
        with pytest.raises(SourceNotFoundError, match="there is no such file"):
            read_still(path)


@pytest.mark.parametrize("name", ["ICO", "TGA", "PPM"])
def test_formats_that_cannot_be_written_are_named(tmp_path: Path, name: str) -> None:
    image_of("RGB").save(tmp_path / f"a.{name.lower()}", name)
    with pytest.raises(SourceDecodeError, match=f"{name} images cannot be written; give one of JPEG"):
        read_still(tmp_path / f"a.{name.lower()}")


def test_camera_raw_is_refused_though_it_opens_as_tiff(tmp_path: Path) -> None:
    image_of("RGB").save(tmp_path / "a.dng", "TIFF")
    with pytest.raises(SourceDecodeError, match="camera raw"):
        read_still(tmp_path / "a.dng")


def test_several_pages_are_refused(tmp_path: Path) -> None:
    image_of("RGB").save(tmp_path / "a.tif", save_all=True, append_images=[image_of("RGB")])
    with pytest.raises(SourceDecodeError, match="holds 2 pictures, and all but the first would be lost"):
        read_still(tmp_path / "a.tif")


def test_float_samples_are_refused(tmp_path: Path) -> None:
    Image.new("F", (4, 4)).save(tmp_path / "a.tif")
    with pytest.raises(SourceDecodeError, match="32 bits a sample"):
        read_still(tmp_path / "a.tif")


def test_bombs_are_refused_and_panoramas_are_not_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image_of("RGB").save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", WIDTH * HEIGHT - 1)
    read_still(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", WIDTH * HEIGHT // 2 - 1)
    with pytest.raises(SourceDecodeError, match="exceeds limit"):
        read_still(tmp_path / "a.png")


def test_target_that_cannot_be_written(tmp_path: Path) -> None:
    image_of("RGB").save(tmp_path / "a.png")
    with pytest.raises(OutputError, match="cannot be written as PNG"):
        write_still(read_still(tmp_path / "a.png"), tmp_path / "none" / "b.png")


def test_the_source_is_left_alone(tmp_path: Path) -> None:
    image_of("RGB").save(tmp_path / "a.jpg")
    shutil.copy(tmp_path / "a.jpg", tmp_path / "copy.jpg")
    still = read_still(tmp_path / "a.jpg")
    blacken(still.frame)
    write_still(still, tmp_path / "b.jpg")
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "copy.jpg").read_bytes()
    assert still.frame.time == Fraction(0)
