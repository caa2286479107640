"""What every runtime offers: raw pixels in, raw int8 logits out, and the time that it takes.

Shapes: N images of H x W pixels with C channels.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from attendnets.errors import RuntimeFailure
from attendnets.runtimes.tensor_info import TensorInfo

Pixels = npt.NDArray[np.uint8]
Logits = npt.NDArray[np.int8]


@dataclass(frozen=True)
class OperatorTime:
    """Median milliseconds of one operator (or of operators that the runtime fuses), batch 1."""

    name: str
    milliseconds: float


class Session(ABC):
    """An exported file loaded into a runtime.

    ``input`` and ``output`` are the file's own tensors, quantization included: every runtime takes the
    same pixels and returns logits on the same int8 grid, whatever the file's own types are.
    """

    runtime: ClassVar[str]
    version: str
    threads: int
    input: TensorInfo
    output: TensorInfo

    @property
    @abstractmethod
    def image_shape(self) -> tuple[int, int, int]:
        """``(height, width, channels)`` of the images that the file takes."""

    @abstractmethod
    def _feed(self, pixels: Pixels) -> npt.NDArray[Any]:
        """``(N, H, W, C)`` pixels to the file's input type and layout, N first."""

    @abstractmethod
    def _infer(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """One fed image, ``(1, ...)``, to the file's output, ``(classes,)``; the array may be reused."""

    @abstractmethod
    def _logits(self, output: npt.NDArray[Any]) -> Logits:
        """The file's outputs, ``(N, classes)``, to int8 logits of the same shape."""

    @abstractmethod
    def operator_times(self, repeats: int = 100) -> tuple[OperatorTime, ...]:
        """Time of each operator in order of execution, in this runtime and on these threads."""

    def run(self, pixels: Pixels) -> Logits:
        """Raw quantized logits, int8 ``(N, classes)``, of uint8 pixels ``(N, H, W, C)``, one image at a time.

        Raises RuntimeFailure when the pixels are not of the file's shape or not uint8, and when the runtime
        fails on them.
        """
        images = self._feed(self._checked(pixels))
        try:
            outputs = [self._infer(images[k : k + 1]).copy() for k in range(len(images))]
        except Exception as error:  # each runtime has exceptions of its own, some without a public name
            raise RuntimeFailure(
                f"{self.runtime} {self.version} loaded the network but failed to run it: {error}. The file "
                "may be damaged: export it again."
            ) from error
        return self._logits(np.stack(outputs))

    def time(self, pixels: Pixels, repeats: int = 1, warmup: int = 10) -> npt.NDArray[np.float64]:
        """Seconds per image, ``(N * repeats,)``: each of the N images ``repeats`` times, batch 1.

        Counted: the copy of the prepared image in, the inference, the copy of the logits out; not
        counted: ``warmup`` runs before, decoding and resizing.
        """
        images = self._feed(self._checked(pixels))
        for k in range(warmup):
            self._infer(images[k % len(images)][None])
        seconds = np.empty(len(images) * repeats)
        for k in range(len(seconds)):
            image = images[k % len(images)][None]
            start = time.perf_counter()
            self._infer(image)
            seconds[k] = time.perf_counter() - start
        return seconds

    def _checked(self, pixels: Pixels) -> Pixels:
        expected = self.image_shape
        if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1:] != expected or not len(pixels):
            raise RuntimeFailure(
                f"{self.runtime} got {pixels.dtype} pixels of shape {tuple(pixels.shape)}, but this network "
                f"takes uint8 (images, {', '.join(map(str, expected))}). Resize the images as the bundle's "
                "preprocessing.txt says; at least one image."
            )
        return pixels


def median_milliseconds(invoke: Callable[[], object], repeats: int) -> float:
    """Median time of ``repeats`` calls after a few that warm up."""
    for _ in range(max(3, repeats // 10)):
        invoke()
    seconds = np.empty(repeats)
    for k in range(repeats):
        start = time.perf_counter()
        invoke()
        seconds[k] = time.perf_counter() - start
    return float(np.median(seconds)) * 1000
