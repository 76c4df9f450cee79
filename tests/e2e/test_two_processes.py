from __future__ import annotations

from pathlib import Path

import pytest

from streamproc.job.batch import run_batch
from streamproc.job.results import Status
from streamproc.job.status import State, statuses
from streamproc.options import Options
from tests.e2e.command import DETECTORS, streamproc
from tests.job.holder import holder
from tests.job.runs import Faces


def test_the_second_process_refuses_at_once_and_names_the_first(vfr_clip: Path, tmp_path: Path) -> None:
    lock = tmp_path / "out" / ".streamproc" / f"{vfr_clip.name}.lock"
    lock.parent.mkdir(parents=True)
    with holder(lock) as owner:
        done = streamproc("process", vfr_clip, "-o", tmp_path / "out", "--detector", f"{DETECTORS}:Middle")
        assert done.returncode == 1
        assert f"process {owner.pid} on " in done.stderr
        assert "works on it; wait for it to end, or use another output folder" in done.stderr
        assert not list((tmp_path / "out").glob("*.mp4"))
        owner.kill()
    # The lock died with its owner, and what is left of it is no hindrance.
    result = run_batch([vfr_clip], tmp_path / "out", Options.of(preset="ultrafast", threads=1), detector=Faces())
    assert result.sources[0].status is Status.DONE
    assert [job.state for job in statuses(tmp_path / "out")] == [State.FINISHED]


@pytest.mark.parametrize("cores", [1, 3])
def test_a_job_is_gone_on_with_on_a_machine_with_other_cores(
    cores: int, vfr_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was left open at the first start is in the journal; said differently by hand it is refused."""
    monkeypatch.setattr("streamproc.job.settle.default_threads", lambda: 2)
    options = Options.of(preset="ultrafast")
    assert run_batch([vfr_clip], tmp_path, options, detector=Faces()).ok
    (tmp_path / vfr_clip.name).unlink()
    monkeypatch.setattr("streamproc.job.settle.default_threads", lambda: cores)
    again = run_batch([vfr_clip], tmp_path, options, detector=Faces())
    assert again.sources[0].status is Status.DONE
    refused = run_batch([vfr_clip], tmp_path, Options.of(preset="ultrafast", threads=cores), detector=Faces())
    assert f"options.threads: 2 -> {cores}" in str(refused.failed[0].error)
