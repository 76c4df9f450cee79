import io
import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from streamproc.media.still import read_still, write_still

SECRET = b"SECRET-THUMBNAIL" * 8
GPS = {1: "N", 2: (48.0, 12.0, 30.0), 3: "E", 4: (16.0, 22.0, 11.0)}
FORMATS = ["JPEG", "PNG", "WEBP", "TIFF"]


def picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (30, 40, 3), dtype=np.uint8))


def exif(*, orientation: int = 1) -> Image.Exif:
    made = Image.Exif()
    made[ExifTags.Base.Make] = "Maker"
    made[ExifTags.Base.Artist] = "Jane Roe"
    made[ExifTags.Base.Orientation] = orientation
    made[ExifTags.IFD.GPSInfo] = GPS
    made[ExifTags.IFD.Exif] = {
        ExifTags.Base.DateTimeOriginal: "2024:05:06 07:08:09",
        ExifTags.Base.MakerNote: SECRET,
        ExifTags.Base.ExifImageWidth: 40,
        ExifTags.Base.ExifImageHeight: 30,
        ExifTags.Base.UserComment: b"ASCII\0\0\0" + SECRET * 100,
    }
    return made


def with_thumbnail(body: bytes) -> bytes:
    """EXIF data with a second directory (IFD1) that holds a JPEG preview, as cameras write it."""
    thumbnail = io.BytesIO()
    picture().save(thumbnail, "JPEG", comment=SECRET)
    tiff = bytearray(body[6:])  # after "Exif\0\0"
    order = "little" if tiff[:2] == b"II" else "big"
    ifd0 = int.from_bytes(tiff[4:8], order)
    entries = int.from_bytes(tiff[ifd0 : ifd0 + 2], order)
    next_at = ifd0 + 2 + entries * 12
    ifd1 = len(tiff)
    tiff[next_at : next_at + 4] = ifd1.to_bytes(4, order)

    def entry(tag: int, value: int) -> bytes:
        return tag.to_bytes(2, order) + (4).to_bytes(2, order) + (1).to_bytes(4, order) + value.to_bytes(4, order)

    data_at = ifd1 + 2 + 2 * 12 + 4
    tiff += (2).to_bytes(2, order) + entry(0x201, data_at) + entry(0x202, thumbnail.tell()) + bytes(4)
    return body[:6] + bytes(tiff) + thumbnail.getvalue()


def rewritten(path: Path, *, keep: bool) -> tuple[bytes, Image.Image]:
    buffer = io.BytesIO()
    write_still(read_still(path), buffer, keep_metadata=keep)
    image = Image.open(buffer)
    image.load()
    return buffer.getvalue(), image


@pytest.mark.parametrize("name", FORMATS)
def test_personal_data_is_dropped_by_default(tmp_path: Path, name: str) -> None:
    picture().save(tmp_path / "a", name, exif=exif().tobytes())
    data, image = rewritten(tmp_path / "a", keep=False)
    kept = image.getexif()
    assert not set(kept) & {ExifTags.Base.Make, ExifTags.Base.Artist, ExifTags.IFD.GPSInfo, ExifTags.IFD.Exif}
    for word in (b"Jane", b"Maker", b"2024:05", SECRET):
        assert word not in data


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("orientation", [1, 6])
def test_exif_and_position_are_kept_on_request(tmp_path: Path, name: str, orientation: int) -> None:
    picture().save(tmp_path / "a", name, exif=exif(orientation=orientation).tobytes())
    data, image = rewritten(tmp_path / "a", keep=True)
    kept = image.getexif()
    assert kept[ExifTags.Base.Artist] == "Jane Roe"
    assert kept.get(ExifTags.Base.Orientation, 1) == 1
    assert kept.get_ifd(ExifTags.IFD.GPSInfo)[2] == (48.0, 12.0, 30.0)
    own = kept.get_ifd(ExifTags.IFD.Exif)
    assert own[ExifTags.Base.DateTimeOriginal] == "2024:05:06 07:08:09"
    assert (own[ExifTags.Base.ExifImageWidth], own[ExifTags.Base.ExifImageHeight]) == image.size
    assert ExifTags.Base.MakerNote not in own
    assert SECRET not in data


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_thumbnails_never_survive(tmp_path: Path, name: str, keep: bool) -> None:
    packed = with_thumbnail(exif().tobytes())
    picture().save(tmp_path / "a", name, exif=packed)
    assert SECRET in (tmp_path / "a").read_bytes()
    with Image.open(tmp_path / "a") as opened:
        assert opened.getexif().get_ifd(ExifTags.IFD.IFD1)  # the fixture is what it should be
    data, image = rewritten(tmp_path / "a", keep=keep)
    assert SECRET not in data
    assert not image.getexif().get_ifd(ExifTags.IFD.IFD1)


@pytest.mark.parametrize("keep", [False, True])
def test_further_pictures_and_trailing_data_never_survive(
    tmp_path: Path, keep: bool, caplog: pytest.LogCaptureFixture
) -> None:
    picture().save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[picture().rotate(180)])
    with (tmp_path / "a.jpg").open("ab") as file:
        file.write(b"\0\0\0\x18ftypmp42" + SECRET)  # a motion photo's film stands after the picture
    with Image.open(tmp_path / "a.jpg") as opened:
        assert getattr(opened, "n_frames", 1) == 2
    data, image = rewritten(tmp_path / "a.jpg", keep=keep)
    assert "the first is kept, the others are dropped" in caplog.text
    assert getattr(image, "n_frames", 1) == 1
    assert data.count(b"\xff\xd8\xff") == 1
    assert b"MPF\0" not in data
    assert SECRET not in data


@pytest.mark.parametrize("keep", [False, True])
def test_photoshop_resources_never_survive(tmp_path: Path, keep: bool) -> None:
    picture().save(tmp_path / "a.jpg")
    plain = (tmp_path / "a.jpg").read_bytes()
    resource = b"Photoshop 3.0\x008BIM\x04\x0c\0\0" + len(SECRET).to_bytes(4, "big") + SECRET  # 0x040C: thumbnail
    segment = b"\xff\xed" + (len(resource) + 2).to_bytes(2, "big") + resource
    (tmp_path / "a.jpg").write_bytes(plain[:2] + segment + plain[2:])
    picture().save(tmp_path / "a.tif", tiffinfo={34377: resource, 37724: resource, 33723: SECRET})
    for name in ("a.jpg", "a.tif"):
        assert SECRET in (tmp_path / name).read_bytes()
        data, _ = rewritten(tmp_path / name, keep=keep)
        assert SECRET not in data


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><d tiff:Orientation="6" dc:creator="Jane"/>%s</x:xmpmeta>'


def save_with_xmp(path: Path, name: str, xmp: bytes) -> None:
    if name == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
        picture().save(path, name, pnginfo=info)
    elif name == "TIFF":
        picture().save(path, name, tiffinfo={700: xmp})
    else:
        picture().save(path, name, xmp=xmp)


@pytest.mark.parametrize("name", FORMATS)
def test_xmp_is_kept_on_request_and_its_orientation_reset(tmp_path: Path, name: str) -> None:
    save_with_xmp(tmp_path / "a", name, XMP % b"")
    data, _ = rewritten(tmp_path / "a", keep=False)
    assert b"Jane" not in data
    data, image = rewritten(tmp_path / "a", keep=True)
    assert b"Jane" in data
    assert b'Orientation="6"' not in data
    assert image.size == (30, 40)  # Pillow turns by XMP where there is no EXIF orientation


@pytest.mark.parametrize("inner", [b"<xmp:Thumbnails>/9j/4AAQ</xmp:Thumbnails>", b'<d GImage:Data="iVBORw0KGgo"/>'])
@pytest.mark.parametrize("name", FORMATS)
def test_xmp_with_a_picture_never_survives(
    tmp_path: Path, name: str, inner: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    save_with_xmp(tmp_path / "a", name, XMP % inner)
    data, _ = rewritten(tmp_path / "a", keep=True)
    assert inner not in data
    assert b"Jane" not in data
    assert "XMP metadata holds or names another picture" in caplog.text


@pytest.mark.parametrize("name", ["JPEG", "GIF"])
def test_comments(tmp_path: Path, name: str) -> None:
    picture().save(tmp_path / "a", name, comment=b"by Jane")
    assert b"Jane" not in rewritten(tmp_path / "a", keep=False)[0]
    assert rewritten(tmp_path / "a", keep=True)[1].info["comment"] == b"by Jane"


def test_png_texts(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "Jane")
    info.add_text("Raw profile type 8bim", "\n8bim\n 4\n" + SECRET.hex())
    picture().save(tmp_path / "a.png", pnginfo=info)
    assert b"Jane" not in rewritten(tmp_path / "a.png", keep=False)[0]
    _, image = rewritten(tmp_path / "a.png", keep=True)
    assert isinstance(image, PngImagePlugin.PngImageFile)
    assert image.text == {"Author": "Jane"}


def test_png_colour_chunks_are_always_kept(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add(b"gAMA", (45455).to_bytes(4, "big"))
    info.add(b"sRGB", b"\0")
    info.add(b"cHRM", b"".join(v.to_bytes(4, "big") for v in (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)))
    picture().save(tmp_path / "a.png", pnginfo=info)
    with Image.open(tmp_path / "a.png") as opened:
        before = {key: opened.info[key] for key in ("gamma", "srgb", "chromaticity")}
    for keep in (False, True):
        after = rewritten(tmp_path / "a.png", keep=keep)[1].info
        assert {key: after[key] for key in before} == before


def test_exif_that_cannot_be_written_is_dropped_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    picture().save(tmp_path / "a.jpg", exif=exif())

    def refuse(self: Image.Exif, offset: int = 8) -> bytes:
        raise TypeError("of the wrong type")

    monkeypatch.setattr(Image.Exif, "tobytes", refuse)
    with caplog.at_level(logging.WARNING):
        data, _ = rewritten(tmp_path / "a.jpg", keep=True)
    assert "EXIF metadata is damaged and is dropped: of the wrong type" in caplog.text
    assert b"Jane" not in data
