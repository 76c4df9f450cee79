"""A folder of everything, through the command line."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streamproc.cli.main import main
from tests.e2e.command import MIDDLE, streamproc
from tests.e2e.oracles import ffmpeg, stream
from tests.results import result_hashes

FAST = ("--method", "blacken", "--preset", "ultrafast", "--threads", "1", "--chunk-frames", "20")

RESULTS = [
    "clip-0-19.json", "clip-20-29.json", "clip.mp4", "clip_bin_mask.mp4", "clip_ins_maks.mp4",
    "photo.jpg", "photo.json", "photo.png", "photo.png.json", "photo.png_bin_mask.png", "photo.png_ins_maks.png",
    "photo_bin_mask.png", "photo_ins_maks.png",
    "b/moving-0-4.json", "b/moving.mp4", "b/moving_bin_mask.mp4", "b/moving_ins_maks.mp4",
    "b/old.bmp", "b/old.json", "b/old_bin_mask.png", "b/old_ins_maks.png",
    "b/scan.json", "b/scan.tiff", "b/scan_bin_mask.png", "b/scan_ins_maks.png",
    "b/still.gif", "b/still.json", "b/still_bin_mask.png", "b/still_ins_maks.png",
    "b/deep/pic.json", "b/deep/pic.webp", "b/deep/pic_bin_mask.png", "b/deep/pic_ins_maks.png",
]  # fmt: skip

BAD = {
    "b/cut.jpg": "the image is damaged or cut",
    "b/link.png": "there is no such file",
    "empty.mp4": "is empty",
    "letter.mp4": "cannot be opened as a video: Invalid data found",
}


def picture(width: int, height: int) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([40 + x * 3 % 200, 40 + y * 5 % 200, 60 + (x + y) % 150], -1).astype(np.uint8))


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("in") / "drive"
    (root / "b" / "deep").mkdir(parents=True)
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25", "-frames:v", "30", "-pix_fmt", "yuv420p",
           str(root / "clip.mp4"))  # fmt: skip
    picture(90, 60).save(root / "photo.jpg")
    picture(61, 43).save(root / "photo.png")
    picture(64, 48).save(root / "b" / "scan.tiff")
    picture(64, 48).save(root / "b" / "old.bmp")
    picture(64, 48).convert("P").save(root / "b" / "still.gif")
    picture(64, 48).save(root / "b" / "deep" / "pic.webp", lossless=True)
    frames = [Image.new("RGB", (48, 32), (40 * n, 100, 200)) for n in range(5)]
    frames[0].save(root / "b" / "moving.gif", save_all=True, append_images=frames[1:], duration=[100, 200, 50, 80, 90])
    picture(90, 60).save(root / "b" / "cut.jpg")
    (root / "b" / "cut.jpg").write_bytes((root / "b" / "cut.jpg").read_bytes()[:-200])
    (root / "b" / "link.png").symlink_to(root / "nowhere.png")
    (root / "empty.mp4").touch()
    (root / "letter.mp4").write_text("Dear Sir or Madam")
    (root / "notes.txt").write_text("no picture")
    picture(8, 8).save(root / ".hidden.png")
    return root


@pytest.fixture(scope="module")
def finished(drive: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    out = tmp_path_factory.mktemp("out")
    return out, streamproc("process", drive, "-o", out, *MIDDLE, *FAST, "--save-mask", "all")


def files(out: Path) -> list[str]:
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())


def test_the_folder_is_mirrored_and_what_cannot_be_read_is_named(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    out, done = finished
    assert done.returncode == 1, done.stderr
    assert files(out) == sorted([".streamproc/finished.jsonl", *RESULTS])
    errors = [line for line in done.stderr.splitlines() if "written as" not in line]
    assert len(errors) == len(BAD)
    for name, why in BAD.items():
        assert sum(f"drive/{name}: {why}" in line for line in errors) == 1, (name, errors)
    assert done.stdout.splitlines()[-1] == "8 done, 4 failed"
    assert "41 frames, 41 face, 41 license-plate\n" in done.stdout


def test_everything_that_came_out_agrees(
    finished: tuple[Path, subprocess.CompletedProcess[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(finished[0])]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("2 videos, 16 masks: all good\n")


def test_metadata_of_images(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    out, _ = finished
    for name, folder, image in (
        ("photo.json", None, "photo.jpg"),
        ("photo.png.json", None, "photo.png"),
        ("b/scan.json", "b", "scan.tiff"),
        ("b/deep/pic.json", "b/deep", "pic.webp"),
    ):
        record = json.loads((out / name).read_text())
        assert (record["id"], record["filename"], record["folder"]) == (image, image, folder)
        with Image.open(out / name.rpartition("/")[0] / image) as made:
            assert [record["height"], record["width"]] == record["size"] == [made.height, made.width]
        assert [(found["type_label"], found["is_anonymised"]) for found in record["detections"]] == [
            ("face", True), ("license-plate", True),
        ]  # fmt: skip
        with Image.open(out / f"{name.removesuffix('.json')}_ins_maks.png") as mask:
            pixels = np.asarray(mask)
        for found in record["detections"]:
            x1, y1, x2, y2 = found["bbox"]
            inside = pixels[y1:y2, x1:x2]
            assert (inside & found["color"] == found["color"]).all()
        assert (pixels.any(axis=-1).sum(), pixels.shape[:2]) == (_covered(record), (record["height"], record["width"]))


def _covered(record: dict[str, list[dict[str, list[int]]]]) -> int:
    inside = np.zeros(record["size"], bool)
    for found in record["detections"]:
        x1, y1, x2, y2 = found["bbox"]
        inside[y1:y2, x1:x2] = True
    return int(inside.sum())


def test_an_animation_becomes_a_film(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    out, done = finished
    assert "note: written as .mp4: .gif is not a container that is written here" in done.stdout
    records = json.loads((out / "b" / "moving-0-4.json").read_text())
    assert [record["time"] for record in records] == [0.0, 0.1, 0.3, 0.35, 0.43]
    assert (stream(out / "b" / "moving.mp4")["width"], stream(out / "b" / "moving.mp4")["height"]) == (48, 32)


def test_a_second_run_tries_what_failed_and_does_nothing_else(
    drive: Path, finished: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    out, _ = finished
    # All but the work folder itself: locks come and go in it while the broken ones are tried again.
    paths = [path for path in out.rglob("*") if path.name != ".streamproc"]
    before = {path: path.stat().st_mtime_ns for path in paths}
    done = streamproc("process", drive, "-o", out, *MIDDLE, *FAST, "--save-mask", "all", "--json-log")
    assert done.returncode == 1
    assert {path: path.stat().st_mtime_ns for path in paths} == before
    assert {path for path in out.rglob("*") if path.name != ".streamproc"} == set(paths)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [source["status"] for source in events[-1]["sources"]].count("already done") == 8
    assert sum(event["event"] == "log" and event["level"] == "error" for event in events) == 4


def plant_other_colour(out: Path) -> None:
    with Image.open(out / "photo_ins_maks.png") as mask:
        altered = mask.copy()
    altered.putpixel((0, 0), (0, 77, 32))
    altered.save(out / "photo_ins_maks.png")


def plant_uncovered_face(out: Path) -> None:
    with Image.open(out / "photo_bin_mask.png") as mask:
        altered = mask.copy()
    altered.paste(0, (30, 20, 60, 40))
    altered.save(out / "photo_bin_mask.png")


def plant_missing_chunk(out: Path) -> None:
    (out / "clip-0-19.json").unlink()


def plant_short_film(out: Path) -> None:
    (out / "clip.mp4").rename(out / "long.mp4.old")
    ffmpeg("-f", "mp4", "-i", str(out / "long.mp4.old"), "-frames:v", "29", "-c", "copy", str(out / "clip.mp4"))


def plant_wrong_key(out: Path) -> None:
    path = out / "b" / "scan.json"
    path.write_text(path.read_text().replace('"score"', '"scor"'))


def plant_other_time(out: Path) -> None:
    records = json.loads((out / "clip-0-19.json").read_text())
    records[7]["pts"] += 100
    (out / "clip-0-19.json").write_text(json.dumps(records))


@pytest.mark.parametrize(
    ("plant", "told"),
    [
        (plant_other_colour, "photo_ins_maks.png"),
        (plant_uncovered_face, "photo_bin_mask.png"),
        (plant_missing_chunk, "clip-20-29.json"),
        (plant_short_film, "clip.mp4"),
        (plant_wrong_key, "scan.json"),
        (plant_other_time, "clip"),
    ],
)
def test_planted_faults_are_found(
    plant: Callable[[Path], None],
    told: str,
    finished: tuple[Path, subprocess.CompletedProcess[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    shutil.copytree(finished[0], out)
    plant(out)
    assert main(["validate", str(out)]) == 1
    assert told in capsys.readouterr().out.splitlines()[0]


def test_nothing_that_can_be_read(drive: Path, tmp_path: Path) -> None:
    done = streamproc("process", drive / "letter.mp4", tmp_path / "gone", "-o", tmp_path / "out", *MIDDLE)
    assert done.returncode == 3
    assert done.stdout.endswith("2 failed\n")


def test_a_list_on_stdin(drive: Path, tmp_path: Path) -> None:
    listed = f"{drive}/photo.png\n\n{drive}/b/old.bmp\n"
    done = streamproc("process", "-", "-o", tmp_path, *MIDDLE, stdin=listed)
    assert done.returncode == 0, done.stderr
    assert list(result_hashes(tmp_path)) == ["old.bmp", "old.json", "photo.json", "photo.png"]


def test_an_empty_list_is_bad_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert main(["process", "-", "-o", str(tmp_path), *MIDDLE]) == 2
    assert capsys.readouterr().err == "streamproc: no input given; name at least one file, folder or pattern\n"


def test_a_pattern_is_mirrored_below_its_plain_part(
    drive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(drive)
    assert main(["process", "**/*.[bw]*", "-o", str(tmp_path), *MIDDLE]) == 0
    assert list(result_hashes(tmp_path)) == ["b/deep/pic.json", "b/deep/pic.webp", "b/old.bmp", "b/old.json"]


def test_names_that_are_no_text(drive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(drive / "photo.png", bytes(folder) + b"/caf\xe9.png")
    shutil.copy(drive / "clip.mp4", bytes(folder) + b"/no: caf\xe9 # %d.mp4")
    done = streamproc("process", folder, "-o", tmp_path / "out", *MIDDLE, *FAST)
    assert done.returncode == 0, done.stderr
    assert b"caf\xe9.png" in {path.name.encode(errors="surrogateescape") for path in (tmp_path / "out").iterdir()}
    assert "2 done" in done.stdout


def test_output_on_input_is_refused_before_any_work(drive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    shutil.copytree(drive, folder, symlinks=True)
    before = result_hashes_of_any(folder)
    done = streamproc("process", folder, "-o", folder, *MIDDLE)
    assert done.returncode == 2
    assert "would land on the input" in done.stderr
    assert done.stderr.count("\n") == 1
    assert main(["process", str(folder / "photo.png"), "-o", str(folder / "b" / ".."), *MIDDLE]) == 2
    assert result_hashes_of_any(folder) == before


def result_hashes_of_any(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_output_folder_in_the_input_folder_is_no_input(
    drive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(drive / "photo.png", tmp_path)
    for said in ("1 done", "1 already done"):
        assert main(["process", str(tmp_path), "-o", str(tmp_path / "out"), *MIDDLE]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == said


def test_an_output_folder_that_cannot_be_written(drive: Path) -> None:
    # Not even root may make a folder there.
    done = streamproc("process", drive / "photo.png", "-o", "/sys/streamproc-out", *MIDDLE)
    assert done.returncode == 1
    assert done.stderr.startswith("streamproc: /sys/streamproc-out: cannot write results here: ")
    assert done.stderr.count("\n") == 1
