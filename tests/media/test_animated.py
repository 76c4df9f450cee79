import json
import subprocess
import zlib
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from streamproc.errors import NoPictureError, SourceDecodeError, SourceNotFoundError
from streamproc.media.animated import AnimatedImage
from streamproc.media.frame import Frame

if TYPE_CHECKING:
    from streamproc.media.source import Source

WIDTH, HEIGHT = 33, 21
FORMATS = ["GIF", "WEBP", "PNG"]
EXACT = {"GIF": {}, "WEBP": {"lossless": True, "exact": True}, "PNG": {}}


def pictures(count: int = 5) -> list[Image.Image]:
    """Two flat colours and a moving square: within 256 colours, so that GIF is exact."""
    made = []
    for i in range(count):
        image = Image.new("RGB", (WIDTH, HEIGHT), (10 * i, 200, 30))
        image.paste((255, 0, 40 * i), (3 * i, 2, 3 * i + 9, 12))
        made.append(image)
    return made


def save(path: Path, name: str, images: list[Image.Image], duration: object = 80, **options: object) -> Path:
    images[0].save(
        path, name, save_all=True, append_images=images[1:], duration=duration, loop=0, **EXACT[name], **options
    )
    return path


def rgb(frame: Frame) -> NDArray[np.uint8]:
    green, blue, red = frame.planes
    return np.stack((red, green, blue), axis=-1)


@pytest.mark.parametrize("name", FORMATS)
def test_every_picture_comes_with_its_time(tmp_path: Path, name: str) -> None:
    images = pictures()
    path = save(tmp_path / "a", name, images, [50, 70, 200, 30, 40])
    with AnimatedImage(path) as source:
        frames = list(source.frames())
        info = source.info
    assert (info.width, info.height, info.layout.name, info.full_range) == (WIDTH, HEIGHT, "gbrp", True)
    assert (info.frames_estimate, info.time_base, info.rate) == (5, Fraction(1, 1000), 20)
    assert [frame.ordinal for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.pts for frame in frames] == [0, 50, 120, 320, 350]
    assert [frame.time for frame in frames][-1] == Fraction(7, 20)
    for frame, image in zip(frames, images, strict=True):
        assert np.array_equal(rgb(frame), np.asarray(image))
        assert frame.layout is info.layout
    assert not source.damage


def test_gif_agrees_with_ffprobe(tmp_path: Path) -> None:
    path = save(tmp_path / "a.gif", "GIF", pictures(), [50, 70, 200, 30, 40])
    shown = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "frame=pts_time", "-of", "json", path],
        capture_output=True, check=True,
    )  # fmt: skip
    times = [Fraction(frame["pts_time"]) for frame in json.loads(shown.stdout)["frames"]]
    with AnimatedImage(path) as source:
        assert [frame.time for frame in source.frames()] == times


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("start", [0, 1, 4, 5, 9])
def test_frames_begin_anywhere_and_anew(tmp_path: Path, name: str, start: int) -> None:
    path = save(tmp_path / "a", name, pictures())
    with AnimatedImage(path) as source:
        whole = [(frame.ordinal, frame.pts, rgb(frame).tobytes()) for frame in source.frames()]
        stale = source.frames()
        next(stale)
        again = [(frame.ordinal, frame.pts, rgb(frame).tobytes()) for frame in source.frames(start)]
        assert next(stale, None) is None
    assert again == whole[start:]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("duration", [0, 10])
def test_durations_that_browsers_do_not_believe(tmp_path: Path, name: str, duration: int) -> None:
    path = save(tmp_path / "a", name, pictures(3), duration)
    with AnimatedImage(path) as source:
        assert [frame.pts for frame in source.frames()] == [0, 100, 200]
        assert source.info.rate == 10


def test_fractions_of_milliseconds_do_not_add_up(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", "PNG", pictures(20), 1)
    data = path.read_bytes()
    out, at = bytearray(data[:8]), 8
    while at < len(data):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body = bytearray(data[at + 8 : at + 8 + size])
        if name == b"fcTL":
            body[20:24] = (1).to_bytes(2, "big") + (30).to_bytes(2, "big")  # 1/30 s
        out += size.to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
        at += 12 + size
    path.write_bytes(out)
    with AnimatedImage(path) as source:
        assert [frame.pts for frame in source.frames()] == [round(i * 1000 / 30) for i in range(20)]
        assert source.info.rate == 30


@pytest.mark.parametrize("name", FORMATS)
def test_transparency_lies_over_white(tmp_path: Path, name: str) -> None:
    images = []
    for i in range(3):
        image = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
        image.paste((200, 10 * i, 0, 255), (3 * i, 2, 3 * i + 9, 12))
        images.append(image)
    path = save(tmp_path / "a", name, images, disposal=2) if name == "GIF" else save(tmp_path / "a", name, images)
    if name == "PNG":
        path = save(tmp_path / "a", name, images, disposal=1, blend=0)
    with AnimatedImage(path) as source:
        for i, frame in enumerate(source.frames()):
            expected = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
            expected[2:12, 3 * i : 3 * i + 9] = (200, 10 * i, 0)
            assert np.array_equal(rgb(frame), expected)


def test_a_picture_for_old_viewers_is_not_shown(tmp_path: Path) -> None:
    images = pictures(4)
    path = save(tmp_path / "a.png", "PNG", images, default_image=True)
    with AnimatedImage(path) as source:
        shown = [rgb(frame) for frame in source.frames()]
        assert source.info.frames_estimate == 3
    assert len(shown) == 3
    assert np.array_equal(shown[0], np.asarray(images[1]))


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    images = pictures(3)
    path = save(tmp_path / "a.webp", "WEBP", images, exif=exif)
    for image in images:
        image.getexif()[0x0112] = orientation
    with AnimatedImage(path) as source:
        frames = list(source.frames())
        assert (source.info.width, source.info.height) == (frames[0].width, frames[0].height)
    for frame, image in zip(frames, images, strict=True):
        assert np.array_equal(rgb(frame), np.asarray(ImageOps.exif_transpose(image)))


@pytest.mark.parametrize("name", FORMATS)
def test_one_picture_is_a_film_of_one_frame(tmp_path: Path, name: str) -> None:
    image = pictures(1)[0]
    image.save(tmp_path / "a", name, **EXACT[name])
    with AnimatedImage(tmp_path / "a") as source:
        (frame,) = source.frames()
    assert np.array_equal(rgb(frame), np.asarray(image))


def test_a_cut_animation_ends_early_and_is_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    noise = [Image.fromarray(np.random.default_rng(i).integers(0, 256, (60, 80), dtype=np.uint8)) for i in range(6)]
    noise[0].save(tmp_path / "a.png", save_all=True, append_images=noise[1:], duration=50)
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) * 2 // 3])
    with AnimatedImage(tmp_path / "a.png") as source:
        frames = list(source.frames())
        assert 1 <= len(frames) < 6
        assert source.damage.read_errors == 1
    assert "is damaged and ends the animation" in caplog.text
    for frame, image in zip(frames, noise, strict=False):
        assert np.array_equal(rgb(frame)[..., 0], np.asarray(image))


@pytest.mark.parametrize("name", FORMATS)
def test_what_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceNotFoundError, match="there is no such file"):
        AnimatedImage(tmp_path / "none.gif")
    (tmp_path / "text.gif").write_bytes(b"text")
    with pytest.raises(NoPictureError, match="no GIF, WebP or PNG image"):
        AnimatedImage(tmp_path / "text.gif")
    path = save(tmp_path / "cut", name, pictures())
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises((SourceDecodeError, NoPictureError), match="cut: "):
        AnimatedImage(path)


def test_closing_twice_and_the_seam(tmp_path: Path) -> None:
    source: Source = AnimatedImage(save(tmp_path / "a.gif", "GIF", pictures()))
    frames = source.frames()
    next(frames)
    source.close()
    source.close()
    assert next(frames, None) is None
