"""ONNX Runtime on the CPU: int8 .onnx files that take raw pixels as real numbers, channels first."""

from __future__ import annotations

import json
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import onnxruntime

from attendnets.errors import RuntimeFailure
from attendnets.runtimes.description import describe_file
from attendnets.runtimes.session import Logits, OperatorTime, Pixels, Session

_ERRORS_ONLY = 3
_KERNEL = "_kernel_time"


class OnnxSession(Session):
    """An .onnx file with pixels ``(1, C, H, W)`` in, 0..255 as float32, and logits ``(1, classes)`` out.

    The logits leave the file as real numbers on an int8 grid; :meth:`run` returns their steps on it.
    """

    runtime: ClassVar[str] = "onnxruntime"

    def __init__(self, path: Path, threads: int) -> None:
        described = describe_file(path)
        self.path = path
        self.input, self.output = described.input, described.output
        self.version = version("onnxruntime")
        self.threads = threads
        if (self.input.dtype, self.output.dtype) != ("float32", "float32") or len(self.input.shape) != 4:
            raise RuntimeFailure(
                f"{path} takes {self.input.dtype}{list(self.input.shape)} and gives {self.output.dtype}; "
                "attendnets runs .onnx networks that take float32 [1, channels, height, width]."
            )
        if not self.output.scale:
            raise RuntimeFailure(
                f"{path} has no int8 logits: its last operator is no DequantizeLinear. "
                "Export it as int8 (QDQ)."
            )
        self._session = self._load(profile=None)
        self._input_name = self._session.get_inputs()[0].name

    def _load(self, profile: Path | None) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        if profile is not None:
            options.enable_profiling = True
            options.profile_file_prefix = str(profile)
        try:
            return onnxruntime.InferenceSession(str(self.path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions have no public base class
            raise RuntimeFailure(f"ONNX Runtime refuses {self.path}: {error}. Export it again.") from error

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """``(height, width, channels)``."""
        _, channels, height, width = self.input.shape
        return height, width, channels

    def _feed(self, pixels: Pixels) -> npt.NDArray[Any]:
        return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32)

    def _infer(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        output: npt.NDArray[Any] = self._session.run(None, {self._input_name: image})[0][0]
        return output

    def _logits(self, output: npt.NDArray[Any]) -> Logits:
        return self.output.quantize(output)

    def operator_times(self, repeats: int = 100) -> tuple[OperatorTime, ...]:
        """From ONNX Runtime's own profiler; operators are those left after its fusions."""
        with tempfile.TemporaryDirectory() as folder:
            session = self._load(profile=Path(folder) / "profile")
            image = np.zeros(self.input.shape, dtype=np.float32)
            for _ in range(repeats):
                session.run(None, {self._input_name: image})
            events = json.loads(Path(session.end_profiling()).read_text())
        microseconds: dict[str, list[float]] = {}
        for event in events:
            if event.get("cat") == "Node" and event["name"].endswith(_KERNEL):
                name = f"{event['args']['node_index']} {event['args']['op_name']}"
                microseconds.setdefault(name, []).append(event["dur"])
        return tuple(OperatorTime(name, float(np.median(each)) / 1000) for name, each in microseconds.items())


def open_onnx(path: Path, threads: int) -> OnnxSession:
    """ONNX Runtime on the CPU."""
    return OnnxSession(path, threads)
