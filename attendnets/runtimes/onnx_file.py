"""Reading .onnx files: operators with types, constants, and the int8 grid of the output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import numpy_helper

from attendnets.errors import RuntimeFailure
from attendnets.runtimes.description import FileDescription, Operator
from attendnets.runtimes.model_file import read_model_file
from attendnets.runtimes.tensor_info import TensorInfo

_QUANTIZATION = {"QuantizeLinear", "DequantizeLinear"}
_ACTIVATIONS = {"Relu", "Clip"}
_COMMON_TYPE_NAMES = {"float": "float32", "double": "float64"}


class _Graph:
    """An ONNX graph with the look-ups that its flat lists lack."""

    def __init__(self, path: Path, model: Any) -> None:
        self.path = path
        self.nodes = list(model.graph.node)
        self.constants = {tensor.name: tensor for tensor in model.graph.initializer}
        for node in self.nodes:
            if node.op_type == "Constant":
                tensors = [a.t for a in node.attribute if a.name == "value"]
                self.constants.update((node.output[0], tensor) for tensor in tensors)
        self.nodes = [node for node in self.nodes if node.op_type != "Constant"]
        self.producer = {name: node for node in self.nodes for name in node.output}
        self.readers: dict[str, list[Any]] = {}
        for node in self.nodes:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)
        self.inputs = [value for value in model.graph.input if value.name not in self.constants]
        self.outputs = list(model.graph.output)
        self.values = {v.name: v for v in (*model.graph.value_info, *self.inputs, *self.outputs)}

    def type_name(self, value: str) -> str:
        """Type of a tensor such as "int8"; "-" for an absent input, "unknown" where the file does not say."""
        if not value:
            return "-"
        if value in self.constants:
            return _type_name(self.constants[value].data_type)
        if value in self.values:
            return _type_name(self.values[value].type.tensor_type.elem_type)
        return "unknown"

    def is_int8(self, node: Any) -> bool:
        """Whether a runtime computes this operator on int8: between DequantizeLinear and QuantizeLinear."""
        return all(self._came_from_int8(name) for name in node.input if name) and all(
            self._goes_to_int8(name) for name in node.output if name
        )

    def _came_from_int8(self, name: str) -> bool:
        source = self.producer.get(name)
        if name in self.constants or source is None:
            return name in self.constants
        if source.op_type in _ACTIVATIONS:
            return False
        return source.op_type == "DequantizeLinear" or self._feeds_activation_only(source)

    def _feeds_activation_only(self, node: Any) -> bool:
        readers = self.readers.get(node.output[0], [])
        return len(readers) == 1 and readers[0].op_type in _ACTIVATIONS

    def _goes_to_int8(self, name: str) -> bool:
        readers = self.readers.get(name, [])
        if len(readers) == 1 and readers[0].op_type in _ACTIVATIONS:
            return self._goes_to_int8(readers[0].output[0])
        return bool(readers) and all(reader.op_type == "QuantizeLinear" for reader in readers)

    def grid(self, node: Any) -> tuple[float, int]:
        """Scale and zero point of a QuantizeLinear or DequantizeLinear of one scale."""
        if any(name not in self.constants for name in node.input[1:3]):
            raise RuntimeFailure(
                f"{self.path}: {node.op_type} {node.name!r} has no constant grid; export again."
            )
        scale = numpy_helper.to_array(self.constants[node.input[1]])
        zero = numpy_helper.to_array(self.constants[node.input[2]]) if len(node.input) > 2 else np.zeros(1)
        return float(scale.reshape(-1)[0]), int(zero.reshape(-1)[0])


def _type_name(number: int) -> str:
    if number not in onnx.TensorProto.DataType.values():
        return "unknown"
    name = str(onnx.TensorProto.DataType.Name(number)).lower()
    return _COMMON_TYPE_NAMES.get(name, name)


def _shape(value: Any) -> tuple[int, ...]:
    """Dimensions; a free one (the batch) is 1."""
    return tuple(int(d.dim_value) or 1 for d in value.type.tensor_type.shape.dim)


def read_onnx(path: Path) -> Any:
    """Read and check. Raises RuntimeFailure for a file that is missing, damaged or no .onnx model."""
    content = read_model_file(path)
    try:
        model = onnx.load_model_from_string(content)
        if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer):
            raise RuntimeFailure(f"{path} keeps its weights in another file: save it as one file.")
        onnx.checker.check_model(model)
        # The checker compares no constant's bytes with its type and shape; reading does.
        for tensor in model.graph.initializer:
            numpy_helper.to_array(tensor)
        return onnx.shape_inference.infer_shapes(model)
    except (
        DecodeError,
        onnx.checker.ValidationError,
        onnx.shape_inference.InferenceError,
        ValueError,
        KeyError,
        TypeError,
    ) as error:
        raise RuntimeFailure(
            f"The network file {path} is damaged or no .onnx model: {' '.join(str(error).split())} Copy it "
            "again from where it was exported, or export it again."
        ) from error


def describe_onnx(path: Path) -> FileDescription:
    """See :func:`attendnets.runtimes.describe_file`. The grids are those of the outermost
    QuantizeLinear and DequantizeLinear; a scale of 0 says that the file has none there."""
    model = read_onnx(path)
    graph = _Graph(path, model)
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise RuntimeFailure(
            f"{path} has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs; attendnets reads "
            "networks with one image in and one vector of logits out."
        )
    image, logits = graph.inputs[0], graph.outputs[0]
    first = next((n for n in graph.readers.get(image.name, []) if n.op_type == "QuantizeLinear"), None)
    last = graph.producer.get(logits.name)

    def info(value: Any, node: Any) -> TensorInfo:
        quantized = node is not None and node.op_type in _QUANTIZATION
        scale, zero_point = graph.grid(node) if quantized else (0.0, 0)
        return TensorInfo(_shape(value), graph.type_name(value.name), scale, zero_point)

    described = [
        (
            node,
            Operator(
                node.op_type, *(tuple(map(graph.type_name, names)) for names in (node.input, node.output))
            ),
        )
        for node in graph.nodes
    ]
    return FileDescription(
        path=path,
        format="onnx",
        file_bytes=path.stat().st_size,
        weights_bytes=sum(numpy_helper.to_array(tensor).nbytes for tensor in graph.constants.values()),
        operators=tuple(operator for _, operator in described),
        input=info(image, first),
        output=info(logits, last),
        float_operators=tuple(
            operator
            for node, operator in described
            if node.op_type not in _QUANTIZATION and not graph.is_int8(node)
        ),
    )
