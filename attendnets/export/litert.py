"""A quantized network to a .tflite file: int8 NHWC pixels in, int8 logits out, int8 all the way."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import nn

from attendnets import atomic
from attendnets.errors import ExportError
from attendnets.export.nearest import upsampled_by_floor
from attendnets.export.slim import slim
from attendnets.quantize import QuantizedNetwork
from attendnets.quantize.annotator import attribute
from attendnets.quantize.grids import PerChannelWeightGrid
from attendnets.quantize.program import convert, duplicate
from attendnets.quantize.pt2e import quiet
from attendnets.runtimes import FileDescription, describe_file

LEFTOVERS = frozenset({"TRANSPOSE", "QUANTIZE", "DEQUANTIZE", "CAST"})
"""Operators that only change layout or type: an int8 network has none."""


def export_litert(quantized: QuantizedNetwork, path: Path) -> FileDescription:
    """Write ``path`` (.tflite) and describe it.

    Input ``(1, H, W, C)`` int8 of scale 1 and zero point -128 (pixel - 128); output ``(1, classes)`` int8.
    Raises ExportError, and writes nothing, where an operator would compute in float or only change layout
    or type.
    """
    content = slim(to_tflite(quantized))
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "network.tflite"
        trial.write_bytes(content)
        require_int8(describe_file(trial), path)
    atomic.write_bytes(path, content)
    return describe_file(path)


def require_int8(description: FileDescription, path: Path) -> None:
    """Raise ExportError naming the operators of a .tflite file that are not int8 arithmetic."""
    float_names = sorted({operator.name for operator in description.float_operators})
    leftovers = sorted({operator.name for operator in description.operators} & LEFTOVERS)
    if float_names or leftovers:
        faults = []
        if float_names:
            faults.append(f"compute in float: {', '.join(float_names)}")
        if leftovers:
            faults.append(f"only change layout or type: {', '.join(leftovers)}")
        raise ExportError(
            f"{path} was not written: some operators would {' and some '.join(faults)}. Use blocks, gates "
            "and activations that have an int8 form."
        )
    for name, tensor in (("input", description.input), ("output", description.output)):
        if tensor.dtype != "int8":
            raise ExportError(f"{path} was not written: its {name} would be {tensor.dtype} instead of int8.")


def to_tflite(quantized: QuantizedNetwork) -> bytes:
    """The converter's own .tflite file of a quantized network, before slimming.

    Raises ExportError with the converter's last words where it fails.
    """
    pixels = quantized.spec.input
    # The converter knows no int8 constants and quantizes weights itself: on their grid, to the same integers.
    program = _ChannelsLast(convert(_on_grid(quantized), fold_weights=False))
    with quiet(), _captured_output() as said:
        try:
            import litert_torch
            from litert_torch.quantize.pt2e_quantizer import PT2EQuantizer, get_symmetric_quantization_config
            from litert_torch.quantize.quant_config import QuantConfig

            # Annotates nothing; it makes the converter turn quantize-compute-dequantize into integer kernels.
            static = QuantConfig(
                pt2e_quantizer=PT2EQuantizer().set_global(get_symmetric_quantization_config())
            )
            example = torch.zeros(1, pixels.height, pixels.width, pixels.channels)
            model = litert_torch.convert(program, (example,), quant_config=static)
            return upsampled_by_floor(bytes(model.model_content()))
        except Exception as error:  # its exceptions have no public base class
            raise ExportError(
                f"The LiteRT converter failed: {error}. It said last: {said()}. Report the network's "
                "network.json, or try blocks of another kind."
            ) from error


class _ChannelsLast(nn.Module):
    """Pixels (B, H, W, C) to the logits of a program that takes (B, C, H, W)."""

    def __init__(self, program: nn.Module) -> None:
        super().__init__()
        self.program = program
        # Exported programs refuse .eval(); the flag is all that the converter looks at.
        self.training = False

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.program(pixels.permute(0, 3, 1, 2))
        return logits


def _on_grid(quantized: QuantizedNetwork) -> torch.fx.GraphModule:
    """The prepared program with every weight rounded to its grid."""
    prepared = duplicate(quantized.prepared)
    with torch.no_grad():
        for node in prepared.graph.nodes:
            if node.op != "call_module":
                continue
            grid = prepared.get_submodule(str(node.target))
            if isinstance(grid, PerChannelWeightGrid):
                weight = attribute(prepared, node.args[0])
                scale = grid.scale.reshape(-1, *[1] * (weight.ndim - 1))
                # As the converted program rounds: it multiplies, and a division would send some weights
                # that lie halfway to the other side.
                steps = (weight * (1.0 / scale)).round().clamp(grid.quant_min, grid.quant_max)
                weight.copy_(steps * scale)
    return prepared


@contextlib.contextmanager
def _captured_output() -> Iterator[Callable[[], str]]:
    """Keep what Python and C++ print to themselves; yields a function that returns the last lines."""
    with (
        tempfile.TemporaryFile() as sink,
        io.TextIOWrapper(sink, errors="replace", line_buffering=True) as text,
    ):

        def said() -> str:
            sink.seek(0)
            lines = sink.read().decode(errors="replace").strip().splitlines()
            return " | ".join(lines[-3:]) or "nothing"

        sys.stdout.flush()
        sys.stderr.flush()
        saved = os.dup(1), os.dup(2)
        try:
            os.dup2(sink.fileno(), 1)
            os.dup2(sink.fileno(), 2)
            with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
                yield said
        finally:
            for number, original in zip((1, 2), saved, strict=True):
                os.dup2(original, number)
                os.close(original)
