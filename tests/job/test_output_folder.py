from pathlib import Path

from PIL import Image

from streamproc.job.output_folder import ImageResult, Masks, Unreadable, VideoResult, results_in


def touch(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        image = '{"id": "x", "detections": []}' if name.count("-") < 2 else "[]"
        (folder / name).write_text(image if name.endswith(".json") else "")


def videos(folder: Path) -> list[VideoResult]:
    return [result for result in results_in(folder) if isinstance(result, VideoResult)]


def test_a_video_has_its_metadata_in_order_of_numbers_and_its_masks(tmp_path: Path) -> None:
    touch(tmp_path, "a-0-9.json", "a-10-19.json", "a-100-109.json", "a-20-99.json", "a.mkv", "a_bin_mask.mp4")
    (tmp_path / "a_ins_maks").mkdir()
    (found,) = videos(tmp_path)
    assert [path.name for path in found.files] == ["a-0-9.json", "a-10-19.json", "a-20-99.json", "a-100-109.json"]
    masks = Masks(tmp_path / "a_bin_mask.mp4", tmp_path / "a_ins_maks")
    assert found.parts == ((found.files, tmp_path / "a.mkv", masks),)
    assert not found.live


def test_what_is_written_first_is_preferred_to_the_other_spelling(tmp_path: Path) -> None:
    touch(tmp_path, "a-0-9.json", "a_ins_mask.mp4")
    assert videos(tmp_path)[0].parts[0][2].instance == tmp_path / "a_ins_mask.mp4"
    touch(tmp_path, "a_ins_maks.mp4")
    assert videos(tmp_path)[0].parts[0][2].instance == tmp_path / "a_ins_maks.mp4"


def test_a_still_image_is_not_the_video_of_its_stem_and_an_animated_one_is(tmp_path: Path) -> None:
    touch(tmp_path, "a-0-9.json")
    Image.new("L", (4, 4)).save(tmp_path / "a.gif")
    assert videos(tmp_path)[0].parts[0][1] is None
    Image.new("L", (4, 4)).save(tmp_path / "a.gif", save_all=True, append_images=[Image.new("L", (4, 4), 255)])
    assert videos(tmp_path)[0].parts[0][1] == tmp_path / "a.gif"


def test_live_parts_belong_to_their_own_metadata(tmp_path: Path) -> None:
    touch(tmp_path, "cam-0-9.json", "cam-10-19.json", "cam-0-9.mp4", "cam-10-19.mp4", "cam-10-19_ins_maks.mp4")
    (found,) = videos(tmp_path)
    assert found.live
    assert [(files[0].name, video and video.name) for files, video, _ in found.parts] == [
        ("cam-0-9.json", "cam-0-9.mp4"),
        ("cam-10-19.json", "cam-10-19.mp4"),
    ]
    assert found.parts[1][2].instance == tmp_path / "cam-10-19_ins_maks.mp4"


def test_images_are_told_from_other_files(tmp_path: Path) -> None:
    touch(tmp_path / "b", "photo.json", "photo_bin_mask.png")
    touch(tmp_path / "a" / ".streamproc", "photo.json")
    (tmp_path / "package.json").write_text('{"name": "other"}')
    (tmp_path / "street-1-2.json").write_text('{"id": "street-1-2.jpg", "detections": []}')
    (tmp_path / "torn.json").write_text('{"id": ')
    found = list(results_in(tmp_path))
    assert [type(result) for result in found] == [ImageResult, Unreadable, ImageResult]
    assert found[-1] == ImageResult(tmp_path / "b" / "photo.json", Masks(tmp_path / "b" / "photo_bin_mask.png", None))
