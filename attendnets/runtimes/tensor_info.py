"""The quantization of a network's input or output: which real number an integer stands for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class TensorInfo:
    """Shape, type and quantization of one tensor: ``real = scale * (integer - zero_point)``.

    ``dtype`` is "int8", "float32", ...; a ``scale`` of 0 says that the tensor is not quantized.
    """

    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int

    def quantize(self, values: npt.NDArray[np.floating]) -> npt.NDArray[np.int8]:
        """Real numbers of any shape to the nearest int8 step, clipped to -128..127."""
        steps = np.rint(np.asarray(values, dtype=np.float64) / self.scale) + self.zero_point
        clipped: npt.NDArray[np.int8] = np.clip(steps, -128, 127).astype(np.int8)
        return clipped

    def dequantize(self, steps: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """int8 steps of any shape to the real numbers that they stand for."""
        return (np.asarray(steps, dtype=np.float64) - self.zero_point) * self.scale
