from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from streamproc.detect.scripted import ScriptedDetector
from streamproc.errors import DetectorError, FingerprintError, OutputError, SourceDecodeError
from streamproc.job import image as image_module
from streamproc.job.fingerprint import fingerprint
from streamproc.job.ledger import Ledger
from streamproc.job.naming import plan
from streamproc.job.results import Status
from streamproc.options import Options
from tests.job.runs import Faces, face, names, run_image
from tests.results import result_hashes

RESULTS = ["photo.json", "photo.png", "photo_bin_mask.png", "photo_ins_maks.png"]


def pixels(path: Path) -> np.ndarray[Any, Any]:
    with Image.open(path) as image:
        return np.asarray(image)


def test_picture_masks_and_metadata(photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run_image(photo, out)
    assert (result.status, result.frames, result.objects) == (Status.DONE, 1, {"face": 1})
    assert sorted(path.name for path in result.outputs) == names(out) == RESULTS
    expected = pixels(photo).copy()
    expected[8:20, 8:20] = 0
    assert (pixels(out / "photo.png") == expected).all()
    inside = np.zeros((30, 40), bool)
    inside[8:20, 8:20] = True
    assert ((pixels(out / "photo_bin_mask.png") == 255) == inside).all()
    record = json.loads((out / "photo.json").read_text())
    (found,) = record["detections"]
    assert ((pixels(out / "photo_ins_maks.png") == found["color"]).all(axis=-1) == inside).all()
    assert list(record)[-2:] == ["filename", "folder"]
    assert (record["id"], record["filename"], record["folder"]) == ("photo.png", "photo.png", None)
    assert (found["parent_image"], found["bbox"], record["size"]) == ("photo.png", [8, 8, 20, 20], [30, 40])


def test_a_finished_image_is_not_made_again_until_something_is_missing(photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_image(photo, out)
    before = result_hashes(out)
    assert run_image(photo, out).status is Status.UNCHANGED
    (out / "photo.json").unlink()
    assert run_image(photo, out).status is Status.DONE
    assert result_hashes(out) == before
    with pytest.raises(FingerprintError, match=r"options\.mask_scale: 100 -> 50"):
        run_image(photo, out, mask_scale=50)


def test_detecting_only_writes_no_picture(photo: Path, tmp_path: Path) -> None:
    run_image(photo, tmp_path / "out", method="detect")
    assert names(tmp_path / "out") == [name for name in RESULTS if name != "photo.png"]


def test_an_image_keeps_its_name_beside_a_film_of_its_stem(photo: Path, tmp_path: Path) -> None:
    """The film is first in the folder, so that metadata and masks of the image bear its whole name."""
    shutil.copy(photo, photo.with_name("photo.avi"))
    film, image = plan([photo.parent], tmp_path / "out").sources
    assert (film.source.suffix, image.data_stem) == (".avi", "photo.png")
    options, detector, ledger = Options.of(), ScriptedDetector({}), Ledger(tmp_path / "out")
    image_module.ImageJob(image, options, detector, fingerprint(photo, options, detector), ledger).run()
    ledger.close()
    assert names(tmp_path / "out") == ["photo.png", "photo.png.json"]


def fail() -> None:
    raise ValueError("no idea")


def test_an_image_that_the_detector_fails_on_is_not_passed_on(photo: Path, tmp_path: Path) -> None:
    with pytest.raises(
        DetectorError, match=r"photo\.png: detector scripted failed with ValueError: no idea; the image"
    ):
        run_image(photo, tmp_path / "out", Faces({0: fail}))
    assert names(tmp_path / "out") == []


def test_a_cut_image_leaves_nothing(photo: Path, tmp_path: Path) -> None:
    photo.write_bytes(photo.read_bytes()[:-30])
    with pytest.raises(SourceDecodeError, match=r"photo\.png: the image is damaged or cut"):
        run_image(photo, tmp_path / "out")
    assert names(tmp_path / "out") == []


@pytest.mark.parametrize("name", RESULTS)
def test_a_strangers_file_at_a_final_name_stays_as_it_is(photo: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_bytes(b"mine")
    with pytest.raises(OutputError, match=f"{name}: exists and was not written by this job; use --overwrite"):
        run_image(photo, tmp_path / "out")
    assert names(tmp_path / "out") == [name]
    assert run_image(photo, tmp_path / "out", overwrite=True).status is Status.DONE


def test_overwrite_leaves_nothing_of_the_old(photo: Path, tmp_path: Path) -> None:
    run_image(photo, tmp_path / "out")
    run_image(photo, tmp_path / "out", overwrite=True, save_mask=())
    assert names(tmp_path / "out") == ["photo.json", "photo.png"]


@pytest.mark.parametrize("written", [0, 1, 2, 3])
def test_a_kill_between_the_files_is_made_good_by_the_next_run(
    photo: Path, tmp_path: Path, written: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_image(photo, tmp_path / "whole")
    publish = image_module.publish

    def publish_some(moves: Sequence[tuple[Path, Path]], root: Path) -> None:
        publish(moves[:written], root)
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with monkeypatch.context() as broken:
        broken.setattr(image_module, "publish", publish_some)
        with pytest.raises(KeyboardInterrupt):
            run_image(photo, out)
    assert "photo.json" not in names(out)  # the metadata comes last: where it is, all is
    assert run_image(photo, out).status is Status.DONE
    assert result_hashes(out) == result_hashes(tmp_path / "whole")
    assert names(out) == RESULTS


def test_what_an_earlier_run_with_more_masks_left_behind_is_no_hindrance(photo: Path, tmp_path: Path) -> None:
    work = tmp_path / "out" / ".streamproc" / "photo.png"
    work.mkdir(parents=True)
    (work / "instance.tmp").write_bytes(b"half")
    assert run_image(photo, tmp_path / "out", save_mask=()).status is Status.DONE
    assert not work.exists()


def test_every_type_and_box_is_in_the_metadata_also_without_a_mask(photo: Path, tmp_path: Path) -> None:
    run_image(photo, tmp_path / "out", ScriptedDetector({0: [face(0), face(20)]}), save_mask=(), save_segmentation=True)
    found = json.loads((tmp_path / "out" / "photo.json").read_text())["detections"]
    assert [(one["bbox"], one["color"], one["segmentation"]["size"]) for one in found] == [
        ([0, 8, 12, 20], None, [30, 40]),
        ([20, 8, 32, 20], None, [30, 40]),
    ]
