"""Smaller .tflite files that compute the same: what no kernel reads is left out, what repeats is stored once.

A quarter of a small network's converted file is tensor names, zero points written out channel by channel,
repeated quantization records and one empty buffer per computed tensor. Records of biases stay, though no
kernel reads their values: without them XNNPACK leaves convolutions to kernels that take five times as long.
"""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

INPUT_NAME, OUTPUT_NAME = b"pixels", b"logits"


def slim(content: bytes) -> bytes:
    """A .tflite file without what runtimes do not read; outputs stay identical in every runtime.

    Kept: the signature, names of input and output, all constants, operators and scales.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(bytearray(content), 0))
    model.description = None
    model.metadata = None
    model.metadataBuffer = None
    for graph in model.subgraphs:
        graph.name = None
        for tensor in graph.tensors:
            tensor.name = b""
        _share_records(graph.tensors)
        _name_ends(graph)
    _name_signature(model)
    _share_buffers(model)
    return _pack(model)


class _Record:
    """A quantization record that is packed once, however many tensors have it."""

    def __init__(self, record: Any) -> None:
        record.min = record.max = None
        self._record = record
        self._offset: Any = None

    def Pack(self, builder: Any) -> Any:
        if self._offset is None:
            self._offset = self._record.Pack(builder)
        return self._offset


def _share_records(tensors: list[Any]) -> None:
    records: dict[tuple[bytes, bytes, int], _Record] = {}
    for tensor in tensors:
        record, tensor.quantization = tensor.quantization, None
        if record is None or record.scale is None:
            continue
        key = record.scale.tobytes(), record.zeroPoint.tobytes(), record.quantizedDimension
        tensor.quantization = records.setdefault(key, _Record(record))


def _name_ends(graph: Any) -> None:
    for tensors, name in ((graph.inputs, INPUT_NAME), (graph.outputs, OUTPUT_NAME)):
        if len(tensors) == 1:
            graph.tensors[int(tensors[0])].name = name


def _name_signature(model: Any) -> None:
    for signature in model.signatureDefs or ():
        for ends, name in ((signature.inputs, INPUT_NAME), (signature.outputs, OUTPUT_NAME)):
            if len(ends) == 1:
                ends[0].name = name


def _share_buffers(model: Any) -> None:
    """Point every computed tensor to buffer 0, empty by convention, and equal constants to one buffer."""
    buffers = [schema.BufferT()]
    places: dict[bytes, int] = {b"": 0}
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            data = model.buffers[tensor.buffer].data
            content = b"" if data is None else np.asarray(data, np.uint8).tobytes()
            if content not in places:
                places[content] = len(buffers)
                buffers.append(model.buffers[tensor.buffer])
            tensor.buffer = places[content]
    model.buffers = buffers


class _SharingBuilder(flatbuffers.Builder):  # type: ignore[misc]
    """A builder that stores equal vectors of numbers and equal strings once."""

    def __init__(self) -> None:
        super().__init__(1 << 16)
        self._vectors: dict[tuple[str, bytes], Any] = {}

    def CreateNumpyVector(self, x: Any) -> Any:
        key = (x.dtype.str, x.tobytes())
        if key not in self._vectors:
            self._vectors[key] = super().CreateNumpyVector(x)
        return self._vectors[key]

    def CreateString(self, s: Any, encoding: str = "utf-8", errors: str = "strict") -> Any:
        key = ("string", s if isinstance(s, bytes) else s.encode(encoding, errors))
        if key not in self._vectors:
            self._vectors[key] = super().CreateString(s, encoding, errors)
        return self._vectors[key]


def _pack(model: Any) -> bytes:
    builder = _SharingBuilder()
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
