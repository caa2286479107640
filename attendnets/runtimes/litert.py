"""LiteRT (formerly TensorFlow Lite): with XNNPACK as users run it, and with its reference kernels."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from attendnets.runtimes.litert_interpreter import load_interpreter
from attendnets.runtimes.session import OperatorTime, median_milliseconds
from attendnets.runtimes.tflite_operators import operator_files
from attendnets.runtimes.tflite_session import TfliteSession


class LitertSession(TfliteSession):
    """LiteRT with its default delegate, XNNPACK."""

    runtime: ClassVar[str] = "litert"
    _reference: ClassVar[bool] = False

    def __init__(self, path: Path, threads: int) -> None:
        super().__init__(path)
        self.version = version("ai-edge-litert")
        self.threads = threads
        self._interpreter = load_interpreter(self.file.content, str(path), threads, self._reference)
        self._in = self._interpreter.get_input_details()[0]["index"]
        self._out = self._interpreter.get_output_details()[0]["index"]

    def _infer(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        self._interpreter.set_tensor(self._in, image)
        self._interpreter.invoke()
        output: npt.NDArray[Any] = self._interpreter.get_tensor(self._out)[0]
        return output

    def operator_times(self, repeats: int = 100) -> tuple[OperatorTime, ...]:
        """Each operator alone in this runtime; their sum is near the whole, for each is one kernel."""
        return tuple(
            OperatorTime(part.name, self._alone(part.content, part.name, repeats))
            for part in operator_files(self.file.path)
        )

    def _alone(self, content: bytes, name: str, repeats: int) -> float:
        interpreter = load_interpreter(content, f"operator {name}", self.threads, self._reference)
        random = np.random.default_rng(0)
        for tensor in interpreter.get_input_details():
            values = random.integers(-128, 128, tensor["shape"]).astype(tensor["dtype"])
            interpreter.set_tensor(tensor["index"], values)
        return median_milliseconds(interpreter.invoke, repeats)


class LitertReferenceSession(LitertSession):
    """LiteRT's reference kernels, which define what the operators compute; slow."""

    runtime: ClassVar[str] = "litert_reference"
    _reference: ClassVar[bool] = True


def open_optimized(path: Path, threads: int) -> LitertSession:
    """LiteRT with XNNPACK."""
    return LitertSession(path, threads)


def open_reference(path: Path, threads: int) -> LitertReferenceSession:
    """LiteRT with reference kernels."""
    return LitertReferenceSession(path, threads)
