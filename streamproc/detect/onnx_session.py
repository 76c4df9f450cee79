"""Sessions of onnxruntime, the only module that imports it; model inputs from a frame's planes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from streamproc.errors import DetectorError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import ModuleType

    from numpy.typing import NDArray

    from streamproc.detect.boxes import Box
    from streamproc.media.frame import Frame


def onnxruntime() -> ModuleType:
    """The onnxruntime package. Raises MissingExtraError where it is not installed."""
    try:
        import onnxruntime as package
    except ImportError as error:
        raise MissingExtraError(
            f"the detector runs on onnxruntime, which cannot be imported ({error}): pip install 'streamproc[onnx]'"
        ) from error
    module: ModuleType = package
    return module


class Session:
    """One model on the CPU, safe to run from many threads at once.

    Each run uses the calling thread and no other: the nets are small, so that frames and stages run side by side scale
    better than the inside of one net, and results do not depend on how many threads there are.
    """

    def __init__(self, path: Path, outputs: Sequence[str]) -> None:
        """Load ``path``; runs compute ``outputs`` only. Raises MissingExtraError, DetectorError."""
        package = onnxruntime()
        options = package.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # Spinning doubles the CPU time under load.
        # https://onnxruntime.ai/docs/performance/tune-performance/threading.html
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Plans of memory are kept for each input size, and still pictures come in many; without, nothing is slower.
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        try:
            self._session = package.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions share no base but Exception
            raise DetectorError(f"{path}: onnxruntime cannot load the model: {error}") from error
        self._input: str = self._session.get_inputs()[0].name
        self._outputs = list(outputs)

    def run(self, tensor: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """The wanted outputs for one input."""
        found: list[NDArray[np.float32]] = self._session.run(self._outputs, {self._input: tensor})
        return found


class PlanarInput:
    """Turns a part of a frame into the float input (1, 3, H, W) of a net: value * scale + bias for each channel.

    The memory is kept from call to call, one set for each thread, as long as the size stays: what ``fill`` returns is
    valid until the same thread calls it again.
    """

    def __init__(
        self, *, bgr: bool, mean: tuple[float, ...] = (0, 0, 0), deviation: tuple[float, ...] = (1, 1, 1)
    ) -> None:
        """Normalise by ``mean`` and ``deviation`` of values 0..255, in the order of the net's channels."""
        self._order = slice(None, None, -1 if bgr else 1)
        self._scale = (1 / np.array(deviation, np.float32))[:, None, None]
        self._bias = -np.array(mean, np.float32)[:, None, None] * self._scale
        self._plain = not any(mean) and set(deviation) == {1}
        self._kept = threading.local()

    def fill(
        self, frame: Frame, width: int, height: int, box: Box | None = None, multiple: int = 1
    ) -> NDArray[np.float32]:
        """The frame, or its part in ``box``, at ``width`` x ``height``, zeros to its right and below it.

        The zeros fill up to multiples of ``multiple``. ``box`` is (x1, y1, x2, y2), aligned as for ``rgb_planes``.
        """
        planes, tensor = self._memory(width, height, multiple)
        frame.rgb_planes(width, height, box, planes)
        view = tensor[0, :, :height, :width]
        if self._plain:
            view[:] = planes[self._order]
        else:
            np.multiply(planes[self._order], self._scale, out=view)
            view += self._bias
        return tensor

    def _memory(self, width: int, height: int, multiple: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        wanted = (width, height)
        if getattr(self._kept, "size", None) != wanted:
            padded = (-(-height // multiple) * multiple, -(-width // multiple) * multiple)
            self._kept.planes = np.empty((3, height, width), np.uint8)
            self._kept.tensor = np.zeros((1, 3, *padded), np.float32)
            self._kept.size = wanted
        return self._kept.planes, self._kept.tensor
