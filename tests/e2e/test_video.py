from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streamproc.detect.scripted import ScriptedDetector
from streamproc.job.batch import run_batch
from streamproc.job.results import Result, Status
from streamproc.job.validation import validate
from streamproc.options import Options
from tests.e2e.oracles import packet_hashes, pictures, stream, times
from tests.results import result_hashes


def run(source: Path, out: Path, detector: ScriptedDetector, **options: Any) -> Result:
    result = run_batch([source], out, Options.of(chunk_frames=50, threads=2, **options), detector=detector)
    assert result.ok, [str(failed.error) for failed in result.failed]
    return result


def test_everything_asked_for_comes_out_and_agrees(
    vfr_clip: Path, tmp_path: Path, moving_faces: ScriptedDetector
) -> None:
    result = run(vfr_clip, tmp_path, moving_faces, save_mask="all", save_segmentation=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".streamproc", "uneven-0-49.json", "uneven-100-129.json", "uneven-50-99.json", "uneven.mp4",
        "uneven_bin_mask.mp4", "uneven_ins_maks.mp4",
    ]  # fmt: skip
    (source,) = result.sources
    assert (source.status, source.frames, source.objects) == (Status.DONE, 130, {"face": 130, "license-plate": 44})
    assert [path.name for path in (tmp_path / ".streamproc").iterdir()] == ["finished.jsonl"]

    # Times, as ffprobe reads them: picture, masks and metadata are the source's, exactly.
    expected = times(vfr_clip)
    assert len(set(np.diff([float(time) for time in expected]).round(6))) > 3  # the clip is uneven indeed
    for name in ("uneven.mp4", "uneven_bin_mask.mp4", "uneven_ins_maks.mp4"):
        assert times(tmp_path / name) == expected, name
    records = [
        frame for first in (0, 50, 100) for frame in json.loads(next(tmp_path.glob(f"uneven-{first}-*")).read_text())
    ]
    assert [frame["pts"] * Fraction(*frame["time_base"]) for frame in records] == expected
    assert [frame["id"] for frame in records] == list(range(130))

    # Sound, colours and geometry.
    assert packet_hashes(tmp_path / "uneven.mp4", "a") == packet_hashes(vfr_clip, "a")
    kept = ("width", "height", "pix_fmt", "color_space", "color_primaries", "color_transfer", "color_range")
    assert {key: stream(tmp_path / "uneven.mp4")[key] for key in kept} == {key: stream(vfr_clip)[key] for key in kept}

    # Masks, as the ffmpeg program decodes them.
    binary = pictures(tmp_path / "uneven_bin_mask.mp4", "gray", 160, 120)
    green, blue, red = np.moveaxis(pictures(tmp_path / "uneven_ins_maks.mp4", "gbrp", 160, 120), 1, 0)
    for ordinal, frame in enumerate(records):
        colours = np.zeros((120, 160, 2), np.uint8)
        for found in frame["detections"]:
            x1, y1, x2, y2 = found["bbox"]
            colours[y1:y2, x1:x2] |= np.array(found["color"][1:], np.uint8)
        assert (green[ordinal] == colours[..., 0]).all()
        assert (blue[ordinal] == colours[..., 1]).all()
        assert ((binary[ordinal] == 255) == colours.any(axis=-1)).all()
    assert not red.any()

    assert validate(tmp_path).problems == []


def test_a_second_run_of_a_finished_job_does_nothing_and_says_so(
    vfr_clip: Path, tmp_path: Path, moving_faces: ScriptedDetector
) -> None:
    run(vfr_clip, tmp_path, moving_faces, save_mask="binary")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    (source,) = run(vfr_clip, tmp_path, moving_faces, save_mask="binary").sources
    assert source.status is Status.UNCHANGED
    assert (source.frames, source.objects["face"]) == (130, 130)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_two_runs_give_the_same_bytes(vfr_clip: Path, tmp_path: Path, moving_faces: ScriptedDetector) -> None:
    for name in ("a", "b"):
        run(vfr_clip, tmp_path / name, moving_faces, save_mask="all")
    assert result_hashes(tmp_path / "a") == result_hashes(tmp_path / "b")


def test_other_options_are_refused_until_overwrite(
    vfr_clip: Path, tmp_path: Path, moving_faces: ScriptedDetector
) -> None:
    run(vfr_clip, tmp_path, moving_faces)
    options = Options.of(chunk_frames=40, threads=2)
    refused = run_batch([vfr_clip], tmp_path, options, detector=moving_faces)
    assert "options.chunk_frames: 50 -> 40" in str(refused.failed[0].error)
    again = run_batch(
        [vfr_clip], tmp_path, Options.of(chunk_frames=40, threads=2, overwrite=True), detector=moving_faces
    )
    assert again.ok
    assert sorted(path.name for path in tmp_path.glob("*.json")) == [
        "uneven-0-39.json", "uneven-120-129.json", "uneven-40-79.json", "uneven-80-119.json",
    ]  # fmt: skip


def test_png_masks_and_scale(vfr_clip: Path, tmp_path: Path, moving_faces: ScriptedDetector) -> None:
    from PIL import Image

    run(vfr_clip, tmp_path, moving_faces, save_mask="all", mask_format="png", mask_scale=50)
    names = [path.name for path in sorted((tmp_path / "uneven_ins_maks").iterdir())]
    assert names == [f"{ordinal:06d}.png" for ordinal in range(130)]
    with Image.open(tmp_path / "uneven_bin_mask" / "000007.png") as mask:
        assert (mask.size, mask.mode) == ((80, 60), "L")
        assert set(np.unique(np.asarray(mask))) == {0, 255}
    assert validate(tmp_path).problems == []


def test_method_detect_writes_no_video_but_metadata_and_masks(
    vfr_clip: Path, tmp_path: Path, moving_faces: ScriptedDetector
) -> None:
    run(vfr_clip, tmp_path, moving_faces, method="detect", save_mask="binary")
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".mp4") == ["uneven_bin_mask.mp4"]
    assert validate(tmp_path).problems == []


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9"])
def test_codecs(codec: str, vfr_clip: Path, tmp_path: Path, moving_faces: ScriptedDetector) -> None:
    run(vfr_clip, tmp_path, moving_faces, codec=codec, preset="ultrafast")
    assert stream(tmp_path / "uneven.mp4")["codec_name"] == codec
    assert times(tmp_path / "uneven.mp4") == times(vfr_clip)


def test_the_picture_outside_the_masks_stays_and_inside_is_hidden(
    vfr_clip: Path, tmp_path: Path, moving_faces: ScriptedDetector
) -> None:
    """Against the same encoder without any cover: what was not covered differs by coding noise only."""
    run(vfr_clip, tmp_path / "covered", moving_faces, method="blacken", save_mask="binary", crf=10)
    run(vfr_clip, tmp_path / "plain", ScriptedDetector({}), crf=10)
    covered, plain = (
        pictures(tmp_path / name / "uneven.mp4", "gray", 160, 120).astype(int) for name in ("covered", "plain")
    )
    mask = pictures(tmp_path / "covered" / "uneven_bin_mask.mp4", "gray", 160, 120) == 255
    assert covered[mask].mean() < 20
    far = ~np.pad(mask, ((0, 0), (8, 8), (8, 8)), mode="edge")[:, 8:-8, 8:-8]
    assert np.abs(covered - plain)[far].mean() < 3
