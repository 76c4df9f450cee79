from __future__ import annotations

import os
from pathlib import Path

import pytest

from streamproc.errors import OutputOverInputError, UsageError
from streamproc.job.naming import plan


@pytest.fixture
def street(tmp_path: Path) -> Path:
    folder = tmp_path / "street"
    for name in ("b/deep/clip.mp4", "a.mp4", "b/photo.jpg", "notes.txt", ".hidden.mp4", ".git/x.mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def names(paths: list[Path], root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in paths]


def test_a_folder_is_walked_and_mirrored_without_hidden_and_foreign_files(street: Path, tmp_path: Path) -> None:
    found = plan([street], tmp_path / "out").sources
    assert names([entry.source for entry in found], street) == ["a.mp4", "b/deep/clip.mp4", "b/photo.jpg"]
    assert [entry.folder for entry in found] == [None, "b/deep", "b"]
    assert names([entry.target for entry in found], tmp_path) == ["out", "out/b/deep", "out/b"]


def test_a_file_named_outright_is_tried_whatever_its_suffix(street: Path, tmp_path: Path) -> None:
    (entry,) = plan([street / "notes.txt"], tmp_path / "out").sources
    assert entry.source == street / "notes.txt"


def test_names_of_results(street: Path, tmp_path: Path) -> None:
    entry = plan([street], tmp_path / "out").sources[1]
    assert entry.picture_stem == "clip"
    assert entry.metadata_name(500, 731) == "clip-500-731.json"
    assert entry.mask_names == {"binary": "clip_bin_mask", "instance": "clip_ins_maks"}
    assert entry.image_metadata_name == "clip.json"


def test_patterns_mirror_below_their_plain_part(street: Path, tmp_path: Path) -> None:
    found = plan([f"{street}/**/*.mp4"], tmp_path / "out").sources
    assert names([entry.source for entry in found], street) == ["a.mp4", "b/deep/clip.mp4"]
    assert found[1].folder == "b/deep"
    failures = plan([f"{street}/*.avi"], tmp_path / "out").failures
    assert "no file matches" in str(failures[0][1])


def test_a_name_with_pattern_characters_is_a_file_if_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "clip[1].mp4").write_bytes(b"x")
    (entry,) = plan([tmp_path / "clip[1].mp4"], tmp_path / "out").sources
    assert entry.source.name == "clip[1].mp4"


def test_missing_inputs_are_named_and_the_rest_is_planned(street: Path, tmp_path: Path) -> None:
    planned = plan([street / "gone.mp4", street / "a.mp4", tmp_path / "nowhere"], tmp_path / "out")
    assert [entry.source.name for entry in planned.sources] == ["a.mp4"]
    assert [path.name for path, _ in planned.failures] == ["gone.mp4", "nowhere"]
    (tmp_path / "empty").mkdir()
    assert "no image or video" in str(plan([tmp_path / "empty"], tmp_path / "out").failures[0][1])


def test_no_input_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no input"):
        plan([], tmp_path)


def test_an_input_given_twice_is_worked_on_once(street: Path, tmp_path: Path) -> None:
    assert len(plan([street / "a.mp4", street / "a.mp4"], tmp_path / "out").sources) == 1


def test_all_but_the_first_of_one_stem_use_the_whole_file_name(tmp_path: Path) -> None:
    for name in ("clip.avi", "clip.jpg", "clip.mp4", "clip.png"):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"x")
    found = plan([tmp_path / "in"], tmp_path / "out").sources
    assert [entry.data_stem for entry in found] == ["clip", "clip.jpg", "clip.mp4", "clip.png"]
    # clip.avi becomes clip.mp4, so that clip.mp4 must not; images keep their own suffixes, and so their names.
    assert [entry.picture_stem for entry in found] == ["clip", "clip", "clip.mp4", "clip.png"]


def test_the_output_folder_inside_an_input_folder_is_left_out(street: Path) -> None:
    (street / "out").mkdir()
    (street / "out" / "a.mp4").write_bytes(b"result")
    found = plan([street], street / "out").sources
    assert names([entry.source for entry in found], street) == ["a.mp4", "b/deep/clip.mp4", "b/photo.jpg"]


@pytest.mark.parametrize("link", [False, True])
def test_a_result_on_an_input_is_refused_before_any_work(street: Path, tmp_path: Path, link: bool) -> None:
    output = street
    if link:
        output = tmp_path / "link"
        output.symlink_to(street)
    with pytest.raises(OutputOverInputError, match=r"a\.mp4.* would land on the input"):
        plan([street / "a.mp4"], output)


def test_an_avi_beside_an_mp4_of_its_name_would_land_on_it(tmp_path: Path) -> None:
    for name in ("clip.avi", "clip.mp4"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(OutputOverInputError, match=r"clip\.avi: its result .*clip\.mp4 would land on the input"):
        plan([tmp_path / "clip.avi", tmp_path / "clip.mp4"], tmp_path)


def test_two_sources_of_one_result_are_refused(street: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "a.mp4"
    other.parent.mkdir()
    other.write_bytes(b"x")
    with pytest.raises(OutputOverInputError, match="would both be written as"):
        plan([street / "a.mp4", other], tmp_path / "out")


def test_a_file_that_two_inputs_lead_to_is_one_source(
    street: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(street)
    found = plan(["a.mp4", street / "a.mp4", "."], tmp_path / "out").sources
    assert [entry.source.name for entry in found] == ["a.mp4", "clip.mp4", "photo.jpg"]


def test_an_empty_name_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="an input has an empty name"):
        plan([""], tmp_path)


def test_a_pipe_is_no_source(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "is no regular file" in str(plan([tmp_path / "pipe.mp4"], tmp_path / "out").failures[0][1])
    assert "is no regular file" in str(plan(["/dev/zero"], tmp_path / "out").failures[0][1])


def test_a_url_is_no_file_and_its_password_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^rtsp://10\.0\.0\.1/cam: is a URL; inputs are files, folders and patterns$"):
        plan(["rtsp://user:secret@10.0.0.1/cam"], tmp_path)
