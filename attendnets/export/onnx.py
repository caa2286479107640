"""A quantized network to an .onnx file: float raw pixels NCHW in, logits out, int8 in between (QDQ).

The file is written operator by operator from the converted program, whose operators are the few that have an
int8 form. Each stands between DequantizeLinear and QuantizeLinear, which is how such a file says int8.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.fx import GraphModule, Node

from attendnets import atomic
from attendnets.errors import ExportError
from attendnets.quantize import QuantizedNetwork
from attendnets.quantize.annotator import attribute
from attendnets.quantize.grids import ACTIVATION_MAX, ACTIVATION_MIN
from attendnets.runtimes import FileDescription, describe_file

OPSET = 18
IR_VERSION = 8
INPUT_NAME, OUTPUT_NAME = "pixels", "logits"

_GRIDS = {"QuantizeLinear", "DequantizeLinear"}

aten = torch.ops.aten
qdq = torch.ops.quantized_decomposed


def export_onnx(quantized: QuantizedNetwork, path: Path) -> FileDescription:
    """Write ``path`` (.onnx, opset 18) and describe it.

    Input "pixels" float32 ``(batch, C, H, W)`` of 0..255, output "logits" float32 ``(batch, classes)``, any
    batch size. Raises ExportError, and writes nothing, where an operator would compute in float.
    """
    content = to_onnx(quantized).SerializeToString()
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "network.onnx"
        trial.write_bytes(content)
        faults = sorted({operator.name for operator in describe_file(trial).float_operators})
    if faults:
        raise ExportError(
            f"{path} was not written: some operators would compute in float: {', '.join(faults)}. "
            "Use blocks, gates and activations that have an int8 form."
        )
    atomic.write_bytes(path, content)
    return describe_file(path)


def to_onnx(quantized: QuantizedNetwork) -> onnx.ModelProto:
    """The .onnx model of a quantized network. Raises ExportError for an operator without a form here."""
    pixels = quantized.spec.input
    graph = _Writer(quantized.program).write(
        [INPUT_NAME, "batch", pixels.channels, pixels.height, pixels.width],
        [OUTPUT_NAME, "batch", quantized.spec.classes],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="attendnets",
    )
    onnx.checker.check_model(model)
    return model


class _Writer:
    """Nodes of a converted program to nodes of an ONNX graph; values keep their names."""

    def __init__(self, program: GraphModule) -> None:
        self._program = program
        self._names: dict[Node, str] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._written: set[str] = set()
        self._constants: dict[str, onnx.TensorProto] = {}
        self._forms: dict[Any, Callable[[Node], None]] = {
            qdq.quantize_per_tensor.default: self._quantize,
            qdq.dequantize_per_tensor.default: self._dequantize,
            qdq.dequantize_per_channel.default: self._dequantize_weight,
            aten.conv2d.default: self._convolution,
            aten.linear.default: self._linear,
            aten.add.Tensor: self._plain("Add", 2),
            aten.add_.Tensor: self._plain("Add", 2),
            aten.sub.Tensor: self._plain("Sub", 2),
            aten.mul.Tensor: self._plain("Mul", 2),
            aten.mul_.Tensor: self._plain("Mul", 2),
            aten.sigmoid.default: self._plain("Sigmoid", 1),
            aten.flatten.using_ints: self._plain("Flatten", 1),
            aten.adaptive_avg_pool2d.default: self._plain("GlobalAveragePool", 1),
            aten.max_pool2d.default: self._max_pool,
            aten.avg_pool2d.default: self._average_pool,
            aten.upsample_nearest2d.vec: self._resize,
            aten.pad.default: self._pad,
            aten.relu.default: self._clamp,
            aten.relu_.default: self._clamp,
            aten.relu6.default: self._clamp,
            aten.relu6_.default: self._clamp,
            aten.hardtanh.default: self._clamp,
            aten.hardtanh_.default: self._clamp,
        }

    def write(self, image: Sequence[Any], logits: Sequence[Any]) -> onnx.GraphProto:
        """The graph; ``image`` and ``logits`` are name and dimensions of its ends."""
        for node in self._program.graph.nodes:
            if node.op == "placeholder":
                self._names[node] = str(image[0])
            elif node.op == "call_function":
                form = self._forms.get(node.target)
                if form is None:
                    raise ExportError(
                        f"Operator {node.target} (node {node.name}) has no form in an .onnx file here: add "
                        "one to attendnets/export/onnx.py beside its int8 rule."
                    )
                form(node)
            elif node.op == "output":
                # Its producer is the last DequantizeLinear; nothing else reads the logits.
                self._nodes[-1].output[0] = str(logits[0])
        ends = [helper.make_tensor_value_info(end[0], TensorProto.FLOAT, end[1:]) for end in (image, logits)]
        return helper.make_graph(
            self._nodes, "attendnets", [ends[0]], [ends[1]], initializer=list(self._constants.values())
        )

    def _add(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        named = {} if operator in _GRIDS else {"name": output}
        self._nodes.append(helper.make_node(operator, inputs, [output], **named, **attributes))
        self._written.add(output)
        return output

    def _input(self, node: Node, position: int = 0) -> str:
        argument: Any = node.args[position]
        return self._names[argument]

    def _constant(self, name: str, value: npt.NDArray[Any]) -> str:
        self._constants.setdefault(name, numpy_helper.from_array(value, name))
        return name

    def _tensor(self, node: Any) -> npt.NDArray[Any]:
        array: npt.NDArray[Any] = attribute(self._program, node).detach().numpy()
        return array

    def _plain(self, operator: str, operands: int) -> Callable[[Node], None]:
        def form(node: Node) -> None:
            inputs = [self._input(node, position) for position in range(operands)]
            self._names[node] = self._add(operator, inputs, node.name)

        return form

    def _grid(self, node: Any) -> tuple[str, str]:
        """Scale and zero point; equal ones are one constant."""
        scale, zero_point = np.float32(node.args[1]), np.int8(node.args[2])
        return (
            self._constant(f"scale_{scale!s}", np.asarray(scale)),
            self._constant(f"zero_{zero_point}", np.asarray(zero_point)),
        )

    def _quantize(self, node: Node) -> None:
        source = self._input(node)
        self._names[node] = self._add("QuantizeLinear", [source, *self._grid(node)], f"{source}_int8")

    def _dequantize(self, node: Node) -> None:
        source: Any = node.args[0]
        if source.op == "get_attr":
            self._names[source] = self._constant(f"{node.name}_constant", self._tensor(source))
        name = f"{self._names[source]}_real"
        # The program dequantizes once for each use, the file once for all.
        if name not in self._written:
            self._add("DequantizeLinear", [self._names[source], *self._grid(node)], name)
        self._names[node] = name

    def _dequantize_weight(self, node: Node) -> None:
        """Written by the layer that uses it, which knows its input's scale and so its bias's."""

    def _weighted(self, node: Node) -> list[str]:
        """Input, weight (int8) and bias (int32) of a layer, each behind a DequantizeLinear."""
        arguments: tuple[Any, ...] = node.args
        source, weight, *rest = arguments
        if weight.target is not qdq.dequantize_per_channel.default:
            raise ExportError(f"Layer {node.name} ({node.target}) is float. Quantize the network first.")
        integers, scales = (self._tensor(argument) for argument in weight.args[:2])
        scales = scales.astype(np.float32)
        scale = self._constant(f"{node.name}_weight_scale", scales)
        stored = self._constant(f"{node.name}_weight_int8", integers)
        zeros = self._constant(f"zero_x{len(scales)}", np.zeros(len(scales), np.int8))
        inputs = [
            self._input(node),
            self._add("DequantizeLinear", [stored, scale, zeros], f"{node.name}_weight", axis=0),
        ]
        if rest and rest[0] is not None:
            steps = np.float32(source.args[1]) * scales
            bias = np.rint(self._tensor(rest[0]).astype(np.float64) / steps.astype(np.float64))
            stored = self._constant(
                f"{node.name}_bias_int32", np.clip(bias, -(2**31), 2**31 - 1).astype(np.int32)
            )
            scale = self._constant(f"{node.name}_bias_scale", steps)
            inputs.append(self._add("DequantizeLinear", [stored, scale], f"{node.name}_bias", axis=0))
        return inputs

    def _convolution(self, node: Node) -> None:
        stride, padding, dilation, groups = _arguments(node, 3, [1, 1], [0, 0], [1, 1], 1)
        self._names[node] = self._add(
            "Conv",
            self._weighted(node),
            node.name,
            strides=_pair(stride),
            pads=_pair(padding) * 2,
            dilations=_pair(dilation),
            group=groups,
        )

    def _linear(self, node: Node) -> None:
        self._names[node] = self._add("Gemm", self._weighted(node), node.name, transB=1)

    def _max_pool(self, node: Node) -> None:
        kernel, stride, padding, dilation, ceil = _arguments(node, 1, None, [], [0, 0], [1, 1], False)
        self._names[node] = self._add(
            "MaxPool",
            [self._input(node)],
            node.name,
            kernel_shape=_pair(kernel),
            strides=_pair(stride or kernel),
            pads=_pair(padding) * 2,
            dilations=_pair(dilation),
            ceil_mode=int(ceil),
        )

    def _average_pool(self, node: Node) -> None:
        kernel, stride, padding, ceil, count = _arguments(node, 1, None, [], [0, 0], False, True)
        self._names[node] = self._add(
            "AveragePool",
            [self._input(node)],
            node.name,
            kernel_shape=_pair(kernel),
            strides=_pair(stride or kernel),
            pads=_pair(padding) * 2,
            ceil_mode=int(ceil),
            count_include_pad=int(count),
        )

    def _resize(self, node: Node) -> None:
        """By scales: sizes would fix the batch, and ONNX Runtime mistakes sizes of chosen axes."""
        pairs = zip(_grid_size(node.args[0]), _grid_size(node), strict=True)
        factors = [nearest_factor(old, new) for old, new in pairs]
        scales = np.array([1, 1, *factors], np.float32)
        self._names[node] = self._add(
            "Resize",
            [self._input(node), "", self._constant(f"{node.name}_scales", scales)],
            node.name,
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )

    def _pad(self, node: Node) -> None:
        (left, right, top, bottom), mode = _arguments(node, 1, None, "constant")
        if mode != "reflect":
            raise ExportError(f"Padding {mode!r} (node {node.name}) has no form in an .onnx file here.")
        pads = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
        self._names[node] = self._add(
            "Pad",
            [self._input(node), self._constant(f"{node.name}_pads", pads)],
            node.name,
            mode="reflect",
        )

    def _clamp(self, node: Node) -> None:
        """ReLU and ReLU6: nothing, for the QuantizeLinear behind them clamps to the same range already."""
        bounded = node.target not in (aten.relu.default, aten.relu_.default)
        if not all(_clamps_alike(user, 6.0 if bounded else None) for user in node.users):
            raise ExportError(
                f"{node.name} ({node.target}) is followed by a grid that is wider than its range. "
                "Quantize the network again."
            )
        self._names[node] = self._input(node)


def _nearest_scale(before: int, after: int) -> np.float32:
    """The factor by which a runtime that computes in float32 gets ``after`` rows, each from the right one."""
    scale = np.float32(after / before)
    if int(np.float32(before) * scale) < after:
        scale = np.nextafter(scale, np.float32(np.inf))
    rows = np.arange(after)
    if int(np.float32(before) * scale) != after or not np.array_equal(
        np.floor(rows.astype(np.float32) / scale), rows * before // after
    ):
        raise ExportError(f"Unpooling from {before} to {after} rows has no exact form in an .onnx file.")
    return scale


def _clamps_alike(user: Node, highest: float | None) -> bool:
    if user.target is not qdq.quantize_per_tensor.default or user.args[2] != ACTIVATION_MIN:
        return False
    covered = float(user.args[1]) * (ACTIVATION_MAX - ACTIVATION_MIN)  # type: ignore[arg-type]
    return highest is None or covered <= highest * (1 + 1e-6)


def _grid_size(node: Any) -> list[int]:
    """Rows and columns of a value; quantizing and dequantizing, which keep them, are looked through."""
    while "val" not in node.meta:
        node = node.args[0]
    return [int(size) for size in node.meta["val"].shape[-2:]]


def nearest_factor(old: int, new: int) -> np.float32:
    """A factor by which nearest upsampling from ``old`` rows gives the ``new`` rows that integers would.

    Tools multiply and divide by it in 32 or in 64 bits; it must give the same rows in both.
    """
    nearest = np.float32(new / old)
    for factor in (nearest, np.nextafter(nearest, np.float32(np.inf))):
        if all(_gives_rows(old, new, kind(factor)) for kind in (np.float32, np.float64)):
            return np.float32(factor)
    raise ExportError(
        f"Upsampling from {old} to {new} rows has no factor in 32 bits. Use another input size."
    )


def _gives_rows(old: int, new: int, factor: Any) -> bool:
    rows = np.arange(new, dtype=factor.dtype)
    copied = np.floor(rows / factor).astype(np.int64)
    return int(old * factor) == new and np.array_equal(copied, np.arange(new) * old // new)


def _arguments(node: Node, start: int, *defaults: Any) -> tuple[Any, ...]:
    given = node.args[start : start + len(defaults)]
    return (*given, *defaults[len(given) :])


def _pair(value: Any) -> list[int]:
    return [value, value] if isinstance(value, int) else [int(item) for item in value] * (2 // len(value))
