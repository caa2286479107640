"""A float network in 8 bits by ai-edge-quantizer, which also takes operators that our own int8 form refuses.

Post-training, calibrated, int8 weights and activations (its ``static_wi8_ai8``), run by LiteRT.
"""

from __future__ import annotations

import copy
import io
import tempfile
from collections.abc import Iterable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from attendnets.data import PixelTable
from attendnets.quantize.pt2e import quiet
from attendnets.runtimes import describe_file
from attendnets.runtimes.litert_interpreter import load_interpreter
from attendnets.runtimes.native_output import native_output

CALIBRATION_IMAGES = 200
_ENDS = ("QUANTIZE", "DEQUANTIZE")


class _ChannelsLast(nn.Module):
    """Pixels (B, H, W, C) to what ``network`` makes of (B, C, H, W)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(pixels.permute(0, 3, 1, 2))
        return logits


def edge_int8(folded: nn.Module, calibration: PixelTable) -> tuple[bytes, list[str]]:
    """A .tflite file of a network without batch norms, and the names of operators that stayed float in it.

    ``folded`` takes float32 pixels 0..255 ``(B, C, H, W)``; the file takes int8 ``(1, H, W, C)``.
    """
    import litert_torch
    from ai_edge_quantizer import quantizer, recipe

    example = torch.zeros(1, *calibration.pixels.shape[1:])
    # The converter reads kernels as if they were contiguous, whatever their strides say.
    folded = copy.deepcopy(folded).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    with quiet(), native_output(), redirect_stdout(io.StringIO()), tempfile.TemporaryDirectory() as name:
        path = Path(name) / "network.tflite"
        litert_torch.convert(_ChannelsLast(folded).eval(), (example,)).export(str(path))
        tool = quantizer.Quantizer(str(path), recipe.static_wi8_ai8())
        result = tool.quantize(
            tool.calibrate({"serving_default": _images(calibration)}), enable_progress_report=False
        )
        content = bytes(result.quantized_model)
        path.write_bytes(content)
        float_names = {operator.name for operator in describe_file(path).float_operators}
    return content, sorted(float_names.difference(_ENDS))


def edge_predictions(content: bytes, table: PixelTable) -> npt.NDArray[np.int64]:
    """The class that a file of :func:`edge_int8` gives each image, ``(N,)``."""
    interpreter = load_interpreter(content, "the file of ai-edge-quantizer", threads=1, reference=False)
    into = interpreter.get_input_details()[0]
    out = interpreter.get_output_details()[0]["index"]
    scale, zero_point = into["quantization"]
    predicted = np.empty(len(table), np.int64)
    for row, image in enumerate(table.pixels):
        steps = np.clip(np.round(image[None] / scale) + zero_point, -128, 127).astype(np.int8)
        interpreter.set_tensor(into["index"], steps)
        interpreter.invoke()
        predicted[row] = int(interpreter.get_tensor(out)[0].argmax())
    return predicted


def _images(table: PixelTable) -> Iterable[dict[str, Any]]:
    rows = np.unique(np.linspace(0, len(table) - 1, num=min(CALIBRATION_IMAGES, len(table)), dtype=np.int64))
    return [{"args_0": table.pixels[row][None].astype(np.float32)} for row in rows]
