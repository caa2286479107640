"""The weights inside exported files, in one form for every format, to tell whether two files hold the same.

A single altered weight can change outputs by less than two honest runtimes differ, so running the files
cannot reveal it. But both files were written from one quantized program: their integers must be equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import helper, numpy_helper

from attendnets.runtimes.onnx_file import read_onnx
from attendnets.runtimes.tflite_file import TfliteFile, read_tflite

_TFLITE_LAYERS = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}
_ONNX_LAYERS = {"Conv", "Gemm", "MatMul"}
_SCALE_TOLERANCE = 1e-5  # both are stored as float32
# Both files round a bias to its own step, each in its own arithmetic: they may land on neighbouring steps,
# and where a bias has more digits than float32 does, on further ones.
_BIAS_TOLERANCE_STEPS = 1.5
_BIAS_TOLERANCE = 2.0**-23


@dataclass(frozen=True)
class StoredLayer:
    """One layer with weights.

    ``weights``: int8 ``(outputs, K)``, sorted within each output channel, for formats order the rest
    differently. ``scales`` and ``bias``: real, ``(outputs,)``. ``bias_step``: the real size of an int32
    unit of the bias, ``(outputs,)``.
    """

    name: str
    weights: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]
    bias_step: npt.NDArray[np.float64]

    def differs_from(self, other: StoredLayer) -> bool:
        """Whether scales or biases differ beyond rounding; the weights are equal already."""
        near = np.allclose(self.scales, other.scales, rtol=_SCALE_TOLERANCE, atol=0)
        tolerated = _BIAS_TOLERANCE_STEPS * self.bias_step + _BIAS_TOLERANCE * np.abs(self.bias)
        return not near or bool((np.abs(self.bias - other.bias) > tolerated).any())


def different_layers(tflite: Path, onnx: Path) -> tuple[str, ...]:
    """Names of layers whose weights, scales or biases are in one file but not in the other; () when equal.

    Raises RuntimeFailure for a file that is missing or damaged.
    """
    waiting: dict[tuple[tuple[int, ...], bytes], list[StoredLayer]] = {}
    for layer in onnx_layers(onnx):
        waiting.setdefault((layer.weights.shape, layer.weights.tobytes()), []).append(layer)
    different = []
    for layer in tflite_layers(tflite):
        twins = waiting.get((layer.weights.shape, layer.weights.tobytes()), [])
        twin = next((other for other in twins if not layer.differs_from(other)), None)
        if twin is None:
            different.append(f"{layer.name} of {tflite.name}")
        else:
            twins.remove(twin)
    different += [f"{layer.name} of {onnx.name}" for twins in waiting.values() for layer in twins]
    return tuple(different)


def tflite_layers(path: Path) -> tuple[StoredLayer, ...]:
    """Convolutions and fully connected layers of a .tflite file, in order of execution."""
    file = read_tflite(path)
    return tuple(
        _tflite_layer(file, index)
        for index in range(len(file.graph.operators))
        if file.operator_name(index) in _TFLITE_LAYERS
    )


def _tflite_layer(file: TfliteFile, index: int) -> StoredLayer:
    inputs = [int(tensor) for tensor in file.graph.operators[index].inputs]
    quantization = file.graph.tensors[inputs[1]].quantization
    scales = np.asarray(quantization.scale, dtype=np.float64)
    axis = int(quantization.quantizedDimension)
    weights = np.asarray(file.constant(inputs[1])).view(np.int8).reshape(file.shape(inputs[1]))
    step = scales * file.tensor_info(inputs[0]).scale
    has_bias = len(inputs) > 2 and inputs[2] >= 0
    units = np.asarray(file.constant(inputs[2])).view(np.int32) if has_bias else np.zeros(1)
    name = f"operator {index} {file.operator_name(index)}"
    return _layer(name, weights, axis, scales, units * step, step)


def onnx_layers(path: Path) -> tuple[StoredLayer, ...]:
    """Convolutions and linear layers of an int8 (QDQ) .onnx file, in its order."""
    graph = read_onnx(path).graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    producers = {name: node for node in graph.node for name in node.output}
    nodes = [node for node in graph.node if node.op_type in _ONNX_LAYERS]
    found = [_onnx_layer(number, node, constants, producers) for number, node in enumerate(nodes)]
    return tuple(layer for layer in found if layer is not None)


def _onnx_layer(
    number: int, node: Any, constants: dict[str, npt.NDArray[Any]], producers: dict[str, Any]
) -> StoredLayer | None:
    image, weight = (producers.get(name) for name in node.input[:2])
    # A layer of another form is none of ours; the file's twin then misses it.
    if image is None or weight is None or not {*weight.input[:2], *image.input[1:2]} <= constants.keys():
        return None
    weights, scales = constants[weight.input[0]], constants[weight.input[1]].astype(np.float64).reshape(-1)
    step = scales * float(constants[image.input[1]].reshape(-1)[0])
    axis = next((helper.get_attribute_value(a) for a in weight.attribute if a.name == "axis"), 1)
    bias: npt.NDArray[Any] = np.zeros(1)
    if len(node.input) > 2 and node.input[2]:
        dequantize = producers.get(node.input[2])
        bias = constants[node.input[2]] if dequantize is None else constants[dequantize.input[0]] * step
    return _layer(f"layer {number} {node.op_type}", weights, axis, scales, bias.astype(np.float64), step)


def _layer(
    name: str,
    weights: npt.NDArray[Any],
    axis: int,
    scales: npt.NDArray[np.float64],
    bias: npt.NDArray[np.float64],
    step: npt.NDArray[np.float64],
) -> StoredLayer:
    rows = np.moveaxis(weights, axis if len(scales) > 1 else 0, 0)
    rows = np.sort(rows.reshape(len(rows), -1).astype(np.int8), axis=1)
    outputs = len(rows)
    return StoredLayer(
        name=name,
        weights=np.ascontiguousarray(rows),
        scales=np.broadcast_to(scales, outputs),
        bias=np.broadcast_to(bias, outputs),
        bias_step=np.broadcast_to(step, outputs),
    )
