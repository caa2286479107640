"""Cutting a .tflite file into files of one operator each, to time operators in the runtime itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from attendnets.runtimes.tflite_file import TfliteFile, read_tflite

# XNNPACK folds a padding into the convolution behind it: timed apart, the padding costs more than both.
_FUSED_INTO_NEXT = {"PAD": {"CONV_2D", "DEPTHWISE_CONV_2D"}}


@dataclass(frozen=True)
class OperatorFile:
    """A .tflite file of one operator of a network, or of operators that runtimes fuse, to time it alone."""

    name: str
    content: bytes


def operator_files(path: Path) -> tuple[OperatorFile, ...]:
    """One file an operator, in order of execution; named by number, operator and output size."""
    file = read_tflite(path)
    groups: list[list[int]] = []
    for index in range(len(file.graph.operators)):
        followers = _FUSED_INTO_NEXT.get(file.operator_name(groups[-1][-1])) if groups else None
        if followers and file.operator_name(index) in followers and _feeds_only(file, groups[-1][-1], index):
            groups[-1].append(index)
        else:
            groups.append([index])
    return tuple(_cut(file, group) for group in groups)


def _feeds_only(file: TfliteFile, first: int, second: int) -> bool:
    outputs = {int(t) for t in file.graph.operators[first].outputs}
    readers = [k for k, o in enumerate(file.graph.operators) if outputs & {int(t) for t in o.inputs}]
    return readers == [second]


def _cut(file: TfliteFile, group: list[int]) -> OperatorFile:
    size = "x".join(map(str, file.shape(int(file.graph.operators[group[-1]].outputs[0]))[1:]))
    name = f"{group[0]} {'+'.join(file.operator_name(k) for k in group)} {size}"

    # Packing changes the tables, so each cut starts from a fresh reading.
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(bytearray(file.content), 0))
    graph = model.subgraphs[0]
    operators = [graph.operators[k] for k in group]
    made = {int(t) for operator in operators for t in operator.outputs}
    used = list(dict.fromkeys(int(t) for o in operators for t in (*o.inputs, *o.outputs) if int(t) >= 0))
    number = {tensor: position for position, tensor in enumerate(used)}
    computed = [t for t in used if model.buffers[graph.tensors[t].buffer].data is None]

    graph.inputs = [number[t] for t in computed if t not in made]
    graph.outputs = [number[int(t)] for t in operators[-1].outputs]
    graph.tensors = [graph.tensors[t] for t in used]
    graph.operators = operators
    codes = []
    for operator in operators:
        codes.append(model.operatorCodes[operator.opcodeIndex])
        operator.opcodeIndex = len(codes) - 1
        operator.inputs = [number.get(int(t), -1) for t in operator.inputs]
        operator.outputs = [number[int(t)] for t in operator.outputs]
    model.operatorCodes = codes
    # By convention of the format, buffer 0 is the empty one of all computed tensors.
    buffers = [schema.BufferT()]
    for tensor in graph.tensors:
        buffer = model.buffers[tensor.buffer]
        tensor.buffer = 0 if buffer.data is None else len(buffers)
        if buffer.data is not None:
            buffers.append(buffer)
    model.buffers = buffers
    model.metadata = model.signatureDefs = None

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return OperatorFile(name, bytes(builder.Output()))
