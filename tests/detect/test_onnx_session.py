from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from streamproc.detect import weights
from streamproc.detect.onnx_session import PlanarInput, Session
from streamproc.errors import DetectorError, MissingExtraError
from tests.detect.pictures import real

if TYPE_CHECKING:
    from pathlib import Path


def test_without_onnxruntime_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'streamproc\[onnx\]'") as caught:
        Session(weights.FACES.path, ["cls_8"])
    assert "\n" not in str(caught.value)


def test_a_broken_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(DetectorError, match=r"broken\.onnx"):
        Session(path, ["out"])


def test_runs_the_wanted_outputs() -> None:
    session = Session(weights.FACES.path, ["obj_32", "bbox_32"])
    scores, boxes = session.run(np.zeros((1, 3, 64, 96), np.float32))
    assert scores.shape == (1, 6, 1)
    assert boxes.shape == (1, 6, 4)


@pytest.mark.parametrize("bgr", [False, True])
def test_input_is_the_scaled_picture_normalised_and_padded_with_zeros(bgr: bool) -> None:
    frame = real("people.jpg")
    mean, deviation = (10.0, 20.0, 30.0), (2.0, 4.0, 8.0)
    tensor = PlanarInput(bgr=bgr, mean=mean, deviation=deviation).fill(frame, 100, 50, (40, 60, 240, 160), multiple=32)
    planes = frame.rgb_planes(100, 50, (40, 60, 240, 160)).astype(np.float64)
    planes = planes[::-1] if bgr else planes
    expected = np.zeros((1, 3, 64, 128))
    for channel in range(3):
        expected[0, channel, :50, :100] = (planes[channel] - mean[channel]) / deviation[channel]
    assert tensor.dtype == np.float32
    np.testing.assert_allclose(tensor, expected, atol=1e-4)


def test_memory_is_kept_for_a_thread_and_a_size() -> None:
    frame, net = real("people.jpg"), PlanarInput(bgr=True)
    first = net.fill(frame, 64, 64)
    assert net.fill(frame, 64, 64) is first
    assert net.fill(frame, 32, 64) is not first
    mine = net.fill(frame, 64, 64)
    others: list[object] = []
    thread = threading.Thread(target=lambda: others.append(net.fill(frame, 64, 64)))
    thread.start()
    thread.join()
    assert others[0] is not mine
