"""Reading .tflite files: verify and describe.

The C++ runtimes trust a file's indices and lengths; a damaged one may crash the process. So every table
is read and every index checked here first.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from attendnets.errors import RuntimeFailure
from attendnets.runtimes.description import FileDescription, Operator
from attendnets.runtimes.model_file import read_model_file
from attendnets.runtimes.tensor_info import TensorInfo

_OPERATOR_NAMES = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
_TYPE_NAMES = {v: k.lower() for k, v in vars(schema.TensorType).items() if isinstance(v, int)}
_TYPE_BYTES = {
    "float32": 4,
    "float16": 2,
    "int32": 4,
    "uint8": 1,
    "int64": 8,
    "bool": 1,
    "int16": 2,
    "int8": 1,
}
_LARGEST_TENSOR = 1 << 28
_FLOAT_TYPES = {"float16", "float32", "float64", "bfloat16"}


@dataclass(frozen=True)
class TfliteFile:
    """A verified .tflite file: its bytes and the tables in them (``schema.ModelT``)."""

    path: Path
    content: bytes
    model: Any

    @property
    def graph(self) -> Any:
        """The only subgraph (``schema.SubGraphT``)."""
        return self.model.subgraphs[0]

    def operator_name(self, index: int) -> str:
        """Name of the builtin operator, such as "CONV_2D", or of the custom one."""
        code = self.model.operatorCodes[self.graph.operators[index].opcodeIndex]
        if code.customCode:
            return str(code.customCode.decode(errors="replace"))
        return str(_OPERATOR_NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)])

    def constant(self, tensor: int) -> Any:
        """The constant's bytes as uint8, or None for a tensor that is computed."""
        return self.model.buffers[self.graph.tensors[tensor].buffer].data

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Shape as stored."""
        return _shape(self.graph.tensors[tensor])

    def tensor_info(self, tensor: int) -> TensorInfo:
        """Shape, type and quantization of a tensor; the scale is 0 where there is none."""
        table = self.graph.tensors[tensor]
        quantization = table.quantization
        quantized = (
            quantization is not None and quantization.scale is not None and len(quantization.scale) == 1
        )
        return TensorInfo(
            shape=_shape(table),
            dtype=_TYPE_NAMES[table.type],
            scale=float(quantization.scale[0]) if quantized else 0.0,
            zero_point=int(quantization.zeroPoint[0]) if quantized else 0,
        )


def read_tflite(path: Path) -> TfliteFile:
    """Read and verify. Raises RuntimeFailure for a file that is missing, damaged or no .tflite model."""
    content = read_model_file(path)
    try:
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(bytearray(content), 0))
    except (
        struct.error,
        ValueError,
        IndexError,
        TypeError,
        AttributeError,
        OverflowError,
        MemoryError,
    ) as error:
        raise damaged(path, "a table points outside of it") from error
    file = TfliteFile(path, content, model)
    _verify(file)
    return file


def damaged(path: Path, detail: str) -> RuntimeFailure:
    """The error for a file that is not what it was when it was written."""
    return RuntimeFailure(
        f"The network file {path} is damaged or cut short: {detail}. Copy it again from where it was "
        "exported, or export it again."
    )


def _verify(file: TfliteFile) -> None:
    model = file.model
    if not model.subgraphs or len(model.subgraphs) != 1 or not model.operatorCodes or not model.buffers:
        raise damaged(file.path, "it has no graph, or several")
    graph = file.graph
    if not graph.tensors or not graph.operators or graph.inputs is None or graph.outputs is None:
        raise damaged(file.path, "its graph is empty")
    for code in model.operatorCodes:
        if (
            code.customCode is None
            and max(code.builtinCode, code.deprecatedBuiltinCode) not in _OPERATOR_NAMES
        ):
            raise damaged(file.path, "it names an operator that does not exist")
    for index, table in enumerate(graph.tensors):
        _verify_tensor(file, index, table)
    if any(not 0 <= int(tensor) < len(graph.tensors) for tensor in (*graph.inputs, *graph.outputs)):
        raise damaged(file.path, "its inputs or outputs do not exist")
    ready = {int(tensor) for tensor in graph.inputs}
    ready |= {k for k in range(len(graph.tensors)) if file.constant(k) is not None}
    for index, operator in enumerate(graph.operators):
        if not 0 <= operator.opcodeIndex < len(model.operatorCodes):
            raise damaged(file.path, f"operator {index} has no code")
        if operator.inputs is None or operator.outputs is None:
            raise damaged(file.path, f"operator {index} reads or writes nothing")
        reads = {int(tensor) for tensor in operator.inputs if int(tensor) != -1}
        writes = {int(tensor) for tensor in operator.outputs}
        if not reads <= ready or not writes <= set(range(len(graph.tensors))) - ready:
            raise damaged(file.path, f"operator {index} reads or writes a tensor out of turn")
        ready |= writes
    if not {int(tensor) for tensor in graph.outputs} <= ready:
        raise damaged(file.path, "nothing computes its output")


def _verify_tensor(file: TfliteFile, index: int, table: Any) -> None:
    if table.type not in _TYPE_NAMES or not 0 <= table.buffer < len(file.model.buffers):
        raise damaged(file.path, f"tensor {index} has no type or no buffer")
    if table.shape is not None and any(int(size) < 0 for size in table.shape):
        raise damaged(file.path, f"tensor {index} has a negative size")
    data = file.model.buffers[table.buffer].data
    item = _TYPE_BYTES.get(_TYPE_NAMES[table.type])
    if data is not None and item is not None:
        expected = math.prod(_shape(table)) * item
        if len(data) != expected:
            raise damaged(file.path, f"tensor {index} holds {len(data)} bytes instead of {expected}")
    if data is None and math.prod(_shape(table)) > _LARGEST_TENSOR:
        raise damaged(file.path, f"tensor {index} would have {_shape(table)} values")
    if _TYPE_NAMES[table.type] == "int8" and not _has_grid(table):
        raise damaged(file.path, f"the int8 tensor {index} has no usable scale and zero point")


def _has_grid(table: Any) -> bool:
    quantization = table.quantization
    if quantization is None or quantization.scale is None or quantization.zeroPoint is None:
        return False
    scales, zeros = np.asarray(quantization.scale), np.asarray(quantization.zeroPoint)
    usable = np.isfinite(scales) & (scales > 0)
    return bool(scales.size and zeros.size and usable.all() and (np.abs(zeros.astype(np.int64)) <= 128).all())


def _shape(table: Any) -> tuple[int, ...]:
    return () if table.shape is None else tuple(int(size) for size in table.shape)


def describe_tflite(path: Path) -> FileDescription:
    """See :func:`attendnets.runtimes.describe_file`."""
    file = read_tflite(path)
    graph = file.graph
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise RuntimeFailure(
            f"{path} has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs; attendnets reads "
            "networks with one image in and one vector of logits out."
        )

    def types(tensors: Any) -> tuple[str, ...]:
        return tuple("-" if int(t) < 0 else _TYPE_NAMES[graph.tensors[int(t)].type] for t in tensors)

    operators = tuple(
        Operator(file.operator_name(index), types(operator.inputs), types(operator.outputs))
        for index, operator in enumerate(graph.operators)
    )
    read = {int(t) for operator in graph.operators for t in operator.inputs if int(t) >= 0}
    buffers = {graph.tensors[tensor].buffer for tensor in read if file.constant(tensor) is not None}
    return FileDescription(
        path=path,
        format="tflite",
        file_bytes=len(file.content),
        weights_bytes=sum(len(file.model.buffers[buffer].data) for buffer in buffers),
        operators=operators,
        input=file.tensor_info(int(graph.inputs[0])),
        output=file.tensor_info(int(graph.outputs[0])),
        float_operators=tuple(o for o in operators if _FLOAT_TYPES & {*o.inputs, *o.outputs}),
    )
