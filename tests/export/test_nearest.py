"""Odd grids: unpooling in a .tflite file copies the rows that PyTorch copies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from attendnets.data import PixelTable
from attendnets.export.litert import export_litert
from attendnets.export.onnx import export_onnx
from attendnets.export.parity import check_parity
from attendnets.networks.assemble import assemble
from attendnets.quantize import quantize_post_training
from tests.quantize.networks import spec_of

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("side", [38, 46, 50])
def test_rows_of_odd_grids_are_copied_as_in_pytorch(side: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = assemble(spec_of(side, 1, 4)).eval()
    pixels = np.random.default_rng(0).integers(0, 256, (24, side, side, 1), dtype=np.uint8)
    quantized = quantize_post_training(network, PixelTable(pixels, np.zeros(24, np.int64)))
    path = tmp_path / "network.tflite"
    export_litert(quantized, path)
    export_onnx(quantized, tmp_path / "network.onnx")
    assert odd_copies(path)
    for rows, copied in odd_copies(path):
        assert copied == [i * rows // len(copied) for i in range(len(copied))]
    check_parity(quantized.run, path, tmp_path / "network.onnx", pixels).require()


def odd_copies(path: Path) -> list[tuple[int, list[int]]]:
    """For each upsampling to an odd grid: how many rows it had, and which of them each new row copies."""
    interpreter = Interpreter(
        str(path),
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    given = interpreter.get_input_details()[0]
    noise = np.random.default_rng(1).integers(-128, 128, given["shape"], dtype=np.int8)
    interpreter.set_tensor(given["index"], noise)
    interpreter.invoke()
    found = []
    for operator in interpreter._get_ops_details():
        if operator["op_name"] != "RESIZE_NEAREST_NEIGHBOR":
            continue
        before = interpreter.get_tensor(operator["inputs"][0])[0, :, 0]
        after = interpreter.get_tensor(operator["outputs"][0])[0, :, 0]
        if len(after) % 2 and len({row.tobytes() for row in before}) == len(before):
            found.append((len(before), [int((before == row).all(1).argmax()) for row in after]))
    return found
