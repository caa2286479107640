"""Nearest upsampling in a .tflite file as PyTorch does it: row i of n is row floor(i m / n) of m.

The converter marks all of it as having half-pixel centres, where row i is row floor((i + 0.5) m / n). For
twice the rows that is the same; for one less, as odd grids need, it is not (2 to 3: 0, 1, 1 and not 0, 0, 1).
"""

from __future__ import annotations

import flatbuffers
from ai_edge_litert import schema_py_generated as schema


def upsampled_by_floor(content: bytes) -> bytes:
    """The .tflite file ``content`` with every nearest upsampling as in PyTorch."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(bytearray(content), 0))
    found = [
        operator.builtinOptions
        for graph in model.subgraphs
        for operator in graph.operators
        if isinstance(operator.builtinOptions, schema.ResizeNearestNeighborOptionsT)
    ]
    if not found:
        return content
    for options in found:
        options.alignCorners = options.halfPixelCenters = False
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
