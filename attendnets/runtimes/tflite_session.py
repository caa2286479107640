"""What all runtimes of .tflite files share: int8 images in, height, width and channels last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from attendnets.errors import RuntimeFailure
from attendnets.runtimes.description import describe_file
from attendnets.runtimes.litert_interpreter import load_interpreter
from attendnets.runtimes.session import Logits, Pixels, Session
from attendnets.runtimes.tflite_file import TfliteFile, damaged, read_tflite


class TfliteSession(Session):
    """A verified .tflite file: an int8 image ``(1, H, W, C)`` in, int8 logits ``(1, classes)`` out."""

    def __init__(self, path: Path) -> None:
        self.file = read_tflite(path)
        _verify_with_litert(self.file)
        described = describe_file(path)
        self.input, self.output = described.input, described.output
        shapes = len(self.input.shape), len(self.output.shape), self.input.shape[:1], self.output.shape[:1]
        if (self.input.dtype, self.output.dtype) != ("int8", "int8") or shapes != (4, 2, (1,), (1,)):
            raise RuntimeFailure(
                f"{path} takes {self.input.dtype}{list(self.input.shape)} and gives "
                f"{self.output.dtype}{list(self.output.shape)}; attendnets runs networks that take int8 "
                "[1, height, width, channels] and give int8 [1, classes]. Export with int8 input and output."
            )
        # Every pixel value's int8 step: subtracting 128 where the file is one of ours.
        self._step_of_pixel = self.input.quantize(np.arange(256, dtype=np.float64))

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """``(height, width, channels)``."""
        _, height, width, channels = self.input.shape
        return height, width, channels

    def _feed(self, pixels: Pixels) -> npt.NDArray[Any]:
        return self._step_of_pixel[pixels]

    def _logits(self, output: npt.NDArray[Any]) -> Logits:
        return output.astype(np.int8, copy=False)


def _verify_with_litert(file: TfliteFile) -> None:
    """Run the format's own verifier and every operator's checks, and compare the sizes it finds.

    tflite-micro believes the stored sizes, and where they are damaged it crashes instead of refusing.
    """
    reference = load_interpreter(file.content, str(file.path), threads=1, reference=True)
    for tensor in reference.get_tensor_details():
        index, found = tensor["index"], tuple(int(size) for size in tensor["shape"])
        # Interpreters append tensors of their own; those of the file come first.
        if index < len(file.graph.tensors) and found != file.shape(index):
            raise damaged(file.path, f"tensor {index} is stored as {file.shape(index)} but is {found}")
