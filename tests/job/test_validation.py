import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from streamproc.job.validation import validate
from tests.job.validation_output import HEIGHT, TICKS, WIDTH, Scene, encode, write_binary, write_instance


def problems(out: Path) -> list[str]:
    return [str(problem).removeprefix(f"{out}/") for problem in validate(out).problems]


def change_metadata(path: Path, change: Callable[[list[dict[str, Any]]], Any]) -> None:
    records = json.loads(path.read_text(encoding="utf-8"))
    changed = change(records)
    path.write_text(json.dumps(records if changed is None else changed), encoding="utf-8")


@pytest.mark.parametrize("masks", ["video", "png", "none"])
@pytest.mark.parametrize(
    "scene",
    [
        Scene(),
        Scene(segmentation=True),
        Scene(legacy=True),
        Scene(step=2),
        Scene(step=2, segmentation=True),
        Scene(anonymised=(True, False, False)),
        Scene(anonymised=(False, True, False), legacy=True),
        Scene(anonymised=(False, False, False)),
    ],
    ids=["or", "rle", "legacy", "half", "half with rle", "some", "some legacy", "none"],
)
def test_a_good_output_has_no_problem(tmp_path: Path, scene: Scene, masks: str) -> None:
    result = validate(scene.write(tmp_path / "out", masks=masks))
    assert result.problems == []
    counts = result.checked
    assert (counts.files, counts.frames, counts.videos, counts.detections) == (2, 6, 1, 15)
    assert counts.masks == (0 if masks == "none" else 2)
    assert counts.hidden == (0 if masks == "none" else 5)  # the face lies wholly on a person, who has a higher score


def test_images_and_subfolders_are_checked_and_work_folders_are_not(tmp_path: Path) -> None:
    out = tmp_path / "out"
    Scene(segmentation=True).write_image(out / "sub")
    Scene().write(out / "sub")
    Scene().write(out / ".streamproc" / "clip.mp4")
    (out / "package.json").write_text('{"name": "other"}')
    (out / "boxes.json").write_text("[1, 2]")
    result = validate(out)
    assert result.problems == []
    assert str(result.checked) == "3 files, 6 frames, 1 image, 18 detections, 1 video, 4 masks"


def test_masks_of_method_detect_may_be_set_or_not(tmp_path: Path) -> None:
    out = Scene(anonymised=(False, False, False)).write(tmp_path / "out")
    selected = Scene()
    write_binary(out / "clip_bin_mask.mp4", [selected.masks(i)[0] for i in range(6)])
    assert problems(out) == []


def test_the_other_spelling_and_the_whole_name_are_found(tmp_path: Path) -> None:
    out = Scene().write(tmp_path / "out", masks="png")
    (out / "clip_ins_maks").rename(out / "clip_ins_mask")
    assert validate(out).checked.masks == 2
    for path in sorted(out.iterdir()):
        if path.name != "clip.mp4":
            path.rename(out / path.name.replace("clip", "clip.mp4", 1))
    assert validate(out).checked.videos == 1
    assert problems(out) == []


def test_two_videos_of_one_stem_are_told_apart(tmp_path: Path) -> None:
    out = Scene(frames=4).write(tmp_path / "out")
    Scene().write(tmp_path / "other")
    for path in sorted((tmp_path / "other").iterdir()):
        path.rename(out / path.name.replace("clip", "clip.mp4", 1))
    assert (out / "clip.mp4.mp4").is_file()
    result = validate(out)
    assert result.problems == []
    assert (result.checked.videos, result.checked.masks, result.checked.frames) == (2, 4, 10)


# metadata against video


def test_a_video_of_fewer_or_more_frames(tmp_path: Path) -> None:
    out = Scene().write(tmp_path / "out", masks="none")
    grey = np.full((HEIGHT, WIDTH), 80, np.uint8)
    for count, ticks in ((5, TICKS), (8, [*TICKS, 3000, 3500])):
        encode(out / "clip.mp4", [[grey] * 3] * count, "yuv444p", "libx264", ticks)
        assert problems(out) == [f"clip.mp4: has {count} frames, and the metadata 6"]


def test_times_that_differ(tmp_path: Path) -> None:
    out = Scene().write(tmp_path / "out", masks="none")
    change_metadata(out / "clip-0-3.json", lambda records: records[3].update(pts=1536, time=0.12))
    assert problems(out) == ["clip.mp4: frame 3: pts: is shown at 0.117188 s, and the metadata says 0.120000 s"]


def test_a_coarser_container_may_round_times(tmp_path: Path) -> None:
    out = Scene().write(tmp_path / "out", masks="none")
    grey = np.full((HEIGHT, WIDTH), 80, np.uint8)
    (out / "clip.mp4").unlink()
    encode(out / "clip.mkv", [[grey] * 3] * 6, "yuv444p", "libx264")
    assert validate(out).checked.videos == 1
    assert problems(out) == []


def test_a_size_that_differs(tmp_path: Path) -> None:
    out = Scene().write(tmp_path / "out", masks="none")
    encode(out / "clip.mp4", [[np.zeros((HEIGHT, WIDTH + 2), np.uint8)] * 3] * 6, "yuv444p", "libx264")
    found = problems(out)
    assert len(found) == 6
    assert found[0] == "clip-0-3.json: frame 0: width, height: 64x48, but clip.mp4 has 66x48 pixels"


def test_a_video_that_cannot_be_opened(tmp_path: Path) -> None:
    out = Scene().write(tmp_path / "out", masks="none")
    (out / "clip.mp4").write_bytes(b"no film")
    (found,) = problems(out)
    assert found.startswith("clip.mp4: ")
    assert validate(out).checked.videos == 0


def test_problems_of_metadata_alone_are_told_too(tmp_path: Path) -> None:
    out = Scene().write(tmp_path / "out", masks="none")
    (out / "clip-0-3.json").unlink()
    found = problems(out)
    assert found[0] == "clip-4-5.json: frames 0 to 3 are missing before this file"
    assert found[-1] == "clip.mp4: has 6 frames, and the metadata 2"


def test_a_torn_file_is_named_and_the_rest_is_checked(tmp_path: Path) -> None:
    out = Scene().write(tmp_path / "out")
    path = out / "clip-4-5.json"
    path.write_bytes(path.read_bytes()[:-200])
    (out / "other-0-1.json").write_bytes(b"\xff")
    found = problems(out)
    assert found[0] == "other-0-1.json: is not UTF-8 text: invalid start byte"
    assert found[1].startswith("clip-4-5.json: line 3: is not valid JSON")


def test_a_record_that_is_no_record_is_told_once(tmp_path: Path) -> None:
    out = Scene().write(tmp_path / "out")
    change_metadata(out / "clip-0-3.json", lambda records: records[1].update(detections=None))
    assert problems(out) == ["clip-0-3.json: frame 1: detections: None is not of type 'array'"]


# metadata against masks


def instances(scene: Scene) -> list[np.ndarray]:
    return [scene.masks(i)[1].copy() for i in range(6)]


def binaries(scene: Scene) -> list[np.ndarray]:
    return [scene.masks(i)[0].copy() for i in range(6)]


def test_a_mask_one_frame_off_is_noticed(tmp_path: Path) -> None:
    scene = Scene()
    out = scene.write(tmp_path / "out")
    masks = instances(scene)
    write_instance(out / "clip_ins_maks.mp4", [masks[0], *masks[:-1]])
    found = problems(out)
    assert any(text.startswith("clip_ins_maks.mp4: frame 2: colour [0, ") for text in found)
    assert any(
        "clip_ins_maks.mp4: frame 3: detections[0].color: [0, 85, 128] is nowhere in the det" in t for t in found
    )


@pytest.mark.parametrize("masks", ["video", "png"])
def test_a_missing_mask_is_noticed(tmp_path: Path, masks: str) -> None:
    scene = Scene()
    out = scene.write(tmp_path / "out", masks=masks)
    if masks == "video":
        write_binary(out / "clip_bin_mask.mp4", binaries(scene)[:-1])
        assert problems(out) == ["clip_bin_mask.mp4: has 5 frames, and the metadata 6"]
    else:
        (out / "clip_bin_mask" / "000003.png").unlink()
        assert problems(out) == [
            f"clip_bin_mask: frame 3: {out}/clip_bin_mask/000003.png: no such file",
            "clip_bin_mask: has 5 frames, and the metadata 6",
        ]


def test_colours_that_no_detection_explains(tmp_path: Path) -> None:
    for legacy in (False, True):
        scene = Scene(legacy=legacy)
        out = scene.write(tmp_path / str(legacy))
        masks = instances(scene)
        masks[1][40, 60] = (0, 85, 16)
        masks[5][1, 2] = (7, 0, 0)
        write_instance(out / "clip_ins_maks.mp4", masks)
        binary = binaries(scene)
        binary[1][40, 60] = 255
        write_binary(out / "clip_bin_mask.mp4", binary)
        how = "is the colour of no detection" if legacy else "is no combination of the detections' colours"
        assert problems(out) == [
            f"clip_ins_maks.mp4: frame 1: colour [0, 85, 16] at x 60, y 40 {how}",
            "clip_ins_maks.mp4: frame 5: red is not 0 at x 2, y 1",
        ]


def test_a_colour_that_is_not_in_the_mask(tmp_path: Path) -> None:
    scene = Scene()
    out = scene.write(tmp_path / "out")
    vehicle = {"type": 104, "type_label": "vehicle", "color": [0, 8, 16]}
    change_metadata(out / "clip-4-5.json", lambda records: records[0]["detections"][1].update(vehicle))
    found = problems(out)
    assert "clip_ins_maks.mp4: frame 4: detections[1].color: [0, 8, 16] is nowhere in the detection's box" in found
    assert any(text.startswith("clip_ins_maks.mp4: frame 4: colour [0, 87, 160] at ") for text in found)


def test_a_mask_that_is_not_that_of_the_segmentations(tmp_path: Path) -> None:
    scene = Scene(segmentation=True)
    out = scene.write(tmp_path / "out")
    masks, binary = instances(scene), binaries(scene)
    assert (masks[1][47, 20] == (0, 170, 128)).all()
    masks[1][47, 20], binary[1][47, 20] = 0, 0
    write_instance(out / "clip_ins_maks.mp4", masks)
    write_binary(out / "clip_bin_mask.mp4", binary)
    assert problems(out) == [
        "clip_ins_maks.mp4: frame 1: detections: the segmentations give another mask in 1 pixels, first at x 20, y 47"
    ]


def test_a_binary_mask_that_is_not_that_of_the_instances(tmp_path: Path) -> None:
    scene = Scene(anonymised=(True, True, False))
    out = scene.write(tmp_path / "out")
    binary = binaries(scene)
    binary[1][10, 15] = 0  # a person's
    binary[3][0, 0] = 255
    binary[4][20, 25] = 128
    binary[5][45, 45] = 255  # a person that is not anonymised: selected, as with method detect
    write_binary(out / "clip_bin_mask.mp4", binary)
    assert problems(out) == [
        "clip_bin_mask.mp4: frame 1: is 0 at x 15, y 10, where the instance mask shows an anonymised detection",
        "clip_bin_mask.mp4: frame 3: is set at x 0, y 0, where the instance mask is 0",
        "clip_bin_mask.mp4: frame 4: value 128 at x 25, y 20; a binary mask has 0 and 255 only",
    ]


def test_a_binary_mask_without_an_instance_mask(tmp_path: Path) -> None:
    scene = Scene()
    out = scene.write(tmp_path / "out")
    (out / "clip_ins_maks.mp4").unlink()
    assert problems(out) == []
    masks = binaries(scene)
    masks[2][5, 6] = 255
    masks[3][:] = 0
    write_binary(out / "clip_bin_mask.mp4", masks)
    assert problems(out) == [
        "clip_bin_mask.mp4: frame 2: is set at x 6, y 5, and the frame has no detection",
        *(
            f"clip_bin_mask.mp4: frame 3: {key}: the binary mask is empty in the detection's box"
            for key in (f"detections[{i}].is_anonymised" for i in range(3))
        ),
    ]


def test_masks_of_a_wrong_size_or_kind(tmp_path: Path) -> None:
    out = Scene(frames=1).write(tmp_path / "out")
    write_binary(out / "clip_bin_mask.mp4", [np.zeros((HEIGHT, WIDTH // 2), np.uint8)])
    assert problems(out) == ["clip_bin_mask.mp4: frame 0: a mask of 32x48 pixels is no scale of the frame's 64x48"]
    write_binary(out / "clip_bin_mask.mp4", Scene(frames=1, step=2).masks(0)[:1])
    assert problems(out) == ["clip_bin_mask.mp4: frame 0: has another size than the instance mask"]
    encode(out / "clip_ins_maks.mp4", [[np.zeros((HEIGHT, WIDTH), np.uint8)] * 3], "yuv444p", "libx264")
    (out / "clip_bin_mask.mp4").unlink()
    assert problems(out) == ["clip_ins_maks.mp4: is a mask video in yuv444p, which is not exact; expected gbrp"]


def test_image_masks_and_size(tmp_path: Path) -> None:
    scene = Scene()
    out = scene.write_image(tmp_path / "out")
    assert problems(out) == []
    Image.new("RGB", (WIDTH, HEIGHT + 1)).save(out / "photo.jpg")
    binary, instance = scene.masks(0)
    Image.fromarray(np.where(binary == 255, 255, 9).astype(np.uint8)).save(out / "photo_bin_mask.png")
    Image.fromarray(instance[..., ::-1]).save(out / "photo_ins_maks.png")
    found = problems(out)
    assert found[0] == "photo.json: width, height: 64x48, but photo.jpg has 64x49 pixels"
    assert any(text.startswith("photo_ins_maks.png: red is not 0") for text in found)
    assert any(text.startswith("photo_bin_mask.png: value 9 at x 0, y 0") for text in found)
    (out / "photo_bin_mask.png").write_bytes(b"no picture")
    assert "not a readable PNG" in problems(out)[0]


def test_an_image_turned_by_its_orientation_tag_has_its_shown_size(tmp_path: Path) -> None:
    out = Scene().write_image(tmp_path / "out")
    turned = Image.new("RGB", (HEIGHT, WIDTH))
    exif = turned.getexif()
    exif[274] = 6
    turned.save(out / "photo.jpg", exif=exif)
    assert problems(out) == []


def test_live_parts_are_checked_one_by_one(tmp_path: Path) -> None:
    scene, out = Scene(), tmp_path / "out"
    scene.write(out)
    masks, binary = instances(scene), binaries(scene)
    for path in out.glob("clip[._]*"):
        path.unlink()
    grey = np.full((HEIGHT, WIDTH), 80, np.uint8)
    for first, last in ((0, 3), (4, 5)):
        name, chosen = f"clip-{first}-{last}", slice(first, last + 1)
        encode(out / f"{name}.mp4", [[grey] * 3] * (last + 1 - first), "yuv444p", "libx264")
        write_instance(out / f"{name}_ins_maks.mp4", masks[chosen])
        write_binary(out / f"{name}_bin_mask.mp4", binary[chosen])
    result = validate(out)
    assert result.problems == []
    assert (result.checked.videos, result.checked.masks, result.checked.frames) == (2, 4, 6)
    encode(out / "clip-4-5.mp4", [[grey] * 3], "yuv444p", "libx264")
    assert problems(out) == ["clip-4-5.mp4: has 1 frames, and the metadata 2"]
