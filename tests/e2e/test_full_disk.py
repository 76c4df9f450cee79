"""Disks that are full, or that nothing can be written to: said in one line, and gone on with when there is room."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamproc.cli.main import main
from tests.e2e.command import MIDDLE, streamproc
from tests.e2e.small_disk import SmallDisk
from tests.results import result_hashes

OPTIONS = (*MIDDLE, "--save-mask", "all", "--preset", "ultrafast", "--threads", "1", "--chunk-frames", "20")
FULL = re.compile(
    r"streamproc: \S+/disk: (no space left on the disk|file too large) while \S+/uneven\.mp4 was worked on; "
    r"(\S+ \w+ free|the limit \(ulimit -f\) is \S+ \w+), needed about \S+ \w+ for 20 frames and \S+ \w+ for the rest; "
    r"make room, then the same command goes on where it ended"
)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    disk = SmallDisk(tmp_path / "disk")
    yield disk
    disk.umount()


@pytest.fixture(scope="module")
def undisturbed(vfr_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("undisturbed")
    assert main(["process", str(vfr_clip), "-o", str(out), *OPTIONS]) == 0
    return result_hashes(out)


def run(clip: Path, disk: SmallDisk) -> int:
    with disk.limited():
        return main(["process", str(clip), "-o", str(disk.folder), *OPTIONS])


def test_a_disk_that_is_full_again_and_again(
    vfr_clip: Path, disk: SmallDisk, undisturbed: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is full in the first chunk, in later ones, and in the join; each time there is a little more room."""
    rooms = (48_000, 160_000, 240_000, 560_000, 760_000) if disk.is_mounted else (9_000, 25_000, 60_000)
    made = 0
    for room in rooms:
        disk.give(room)
        assert run(vfr_clip, disk) == 1
        line = capsys.readouterr().err.splitlines()[-1]
        assert FULL.fullmatch(line), line
        results = result_hashes(disk.folder)
        assert results.items() <= undisturbed.items()  # nothing torn bears a final name
        assert len(results) >= made
        made = len(results)
    assert made > 0
    disk.give(2_000_000)
    assert run(vfr_clip, disk) == 0
    assert re.search(r"note: [1-9]\d* frames in \d chunks were committed before; going on", capsys.readouterr().out)
    assert result_hashes(disk.folder) == undisturbed


def test_a_limit_on_files_costs_the_film_and_not_the_image(
    vfr_clip: Path, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    source, out = tmp_path / "in", tmp_path / "disk"
    source.mkdir()
    shutil.copy(vfr_clip, source)
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=size=40x30", "-frames:v", "1",
                    source / "grey.png"], check=True)  # fmt: skip

    def small_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))

    done = streamproc("process", source, "-o", out, *OPTIONS, before=small_files_only)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "file too large" in line
    assert "the limit (ulimit -f) is 12 kB" in line
    assert FULL.fullmatch(line), line
    assert done.stdout.endswith("1 done, 1 failed\n")
    assert streamproc("process", source, "-o", out, *OPTIONS).returncode == 0
    assert undisturbed.items() <= result_hashes(out).items()


def test_a_folder_that_is_read_only_is_left_as_it_is(
    vfr_clip: Path, disk: SmallDisk, undisturbed: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    disk.give(240_000 if disk.is_mounted else 25_000)  # full before it is done
    assert run(vfr_clip, disk) == 1
    begun = result_hashes(disk.folder)
    disk.give(2_000_000)
    disk.close_for_writing(True)
    if disk.is_mounted or os.geteuid():  # else nothing holds root back
        capsys.readouterr()
        assert run(vfr_clip, disk) == 1
        assert re.fullmatch(
            r"streamproc: \S+/disk/\.streamproc\S*: cannot write results here: "
            r"(Read-only file system|Permission denied)\n",
            capsys.readouterr().err,
        )
        assert result_hashes(disk.folder) == begun
    disk.close_for_writing(False)
    assert run(vfr_clip, disk) == 0
    assert result_hashes(disk.folder) == undisturbed
