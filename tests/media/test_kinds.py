from pathlib import Path

import pytest
from PIL import Image

from streamproc.errors import SourceDecodeError, SourceNotFoundError
from streamproc.media.kinds import is_still, kind_of

PICTURES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "TIFF": ".tif", "BMP": ".bmp", "GIF": ".gif"}


def picture(colour: str = "red") -> Image.Image:
    return Image.new("RGB", (20, 10), colour)


@pytest.mark.parametrize("name", PICTURES)
def test_content_decides_whatever_the_name(tmp_path: Path, name: str) -> None:
    for suffix in (PICTURES[name], ".mp4", ""):
        path = tmp_path / f"a{suffix}"
        picture().save(path, name)
        assert kind_of(path) == "still"
        assert is_still(path)


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG"])
def test_several_pictures_are_an_animation(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.bin"
    picture().save(path, name, save_all=True, append_images=[picture("blue")], duration=50)
    assert kind_of(path) == "animated"
    assert not is_still(path)


def test_several_pages_are_still_and_left_to_the_reader_to_refuse(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.tif", save_all=True, append_images=[picture("blue")])
    assert kind_of(tmp_path / "a.tif") == "still"


@pytest.mark.parametrize("name", ["a.jpg", "a.PNG", "a.heic", "a.DNG", "a.ico"])
def test_an_image_by_name_alone_is_still_so_that_reading_says_what_is_wrong(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no picture")
    assert kind_of(tmp_path / name) == "still"


@pytest.mark.parametrize("content", [b"BM is how this text begins, and it is long enough", b"\0" * 64])
def test_what_is_no_image_is_left_to_the_video_reader(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    assert kind_of(tmp_path / "a.mp4") == "video"


def test_a_damaged_animation_is_still(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    assert kind_of(tmp_path / "a.png") == "still"


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match="there is no such file"):
        kind_of(tmp_path / "a.jpg")
    with pytest.raises(SourceNotFoundError, match="there is no such file"):
        kind_of(tmp_path)


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    with pytest.raises(SourceDecodeError, match=r"a\.mp4: is empty"):
        kind_of(tmp_path / "a.mp4")
