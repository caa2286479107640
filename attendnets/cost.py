"""What a network costs, from its specification alone: no weights are made.

Parts are costed once per block spec and input shape, then remembered, so that screening thousands of
candidates is cheap. Parameters and multiply-adds follow the papers' convention (see ``graph``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from attendnets import arena
from attendnets.arena import BIAS_BYTES
from attendnets.blocks import trace_block
from attendnets.errors import SpecError
from attendnets.graph import Graph, Shape
from attendnets.networks.assemble import input_shape, trace_network
from attendnets.networks.head import trace_head
from attendnets.networks.stem import trace_stem
from attendnets.spec import BlockSpec, HeadSpec, NetworkSpec, StemSpec, validate


class CostRow(NamedTuple):
    """One stem, block or head: shapes are (channels, height, width); bytes at the asked precision."""

    name: str
    kind: str
    in_shape: Shape
    out_shape: Shape
    parameters: int
    macs: int
    weights_bytes: int
    activation_bytes: int
    operations: int
    biases: int


@dataclass(frozen=True)
class Cost:
    """A network's price with weights of ``bits`` bits.

    ``weights_bytes``: weights at ``bits`` and a 4-byte bias per output channel, norms folded;
    ``activation_bytes``: the peak over the order of execution at 8 bits. ``arena_bytes`` and
    ``file_bytes`` are predictions for tflite-micro and the .tflite file at 8 bits, made when asked for.
    """

    parameters: int
    macs: int
    weights_bytes: int
    activation_bytes: int
    rows: tuple[CostRow, ...]
    spec: NetworkSpec
    bits: int = 8

    @cached_property
    def arena_bytes(self) -> int:
        """Predicted for the tflite-micro interpreter."""
        return arena.arena_bytes(trace_network(self.spec))

    @cached_property
    def file_bytes(self) -> int:
        """Predicted for the exported .tflite file."""
        return arena.file_bytes(trace_network(self.spec))

    def figure(self, quantity: str) -> float | None:
        """A counted or predicted quantity by the name that requirements use; None for any other."""
        attribute = _ATTRIBUTES.get(quantity)
        return None if attribute is None else float(getattr(self, attribute))

    def bounding_figure(self, quantity: str) -> float | None:
        """:meth:`figure`, and where it is predicted, the most by which predictions were too low added.

        What meets a requirement by this figure meets it on the exported file.
        """
        value = self.figure(quantity)
        return None if value is None else value * _PREDICTION_MARGIN.get(quantity, 1.0)

    def figures(self) -> dict[str, float]:
        """All counted and predicted quantities."""
        return {name: float(getattr(self, attribute)) for name, attribute in _ATTRIBUTES.items()}


# Of random networks measured by benchmarks/arena.py files were up to 3.7 % larger, arenas up to 2.7 %.
_PREDICTION_MARGIN = {"file": 1.04, "arena": 1.03}

_ATTRIBUTES = {
    "bits": "bits",
    "parameters": "parameters",
    "macs": "macs",
    "weights": "weights_bytes",
    "activations": "activation_bytes",
    "file": "file_bytes",
    "arena": "arena_bytes",
}


def _row(name: str, kind: str, graph: Graph, bits: int) -> CostRow:
    weights = sum(operation.weights for operation in graph.operations)
    biases = sum(operation.biases for operation in graph.operations)
    return CostRow(
        name=name,
        kind=kind,
        in_shape=graph.shape(0),
        out_shape=graph.operations[-1].shape,
        parameters=sum(operation.parameters for operation in graph.operations),
        macs=sum(operation.macs for operation in graph.operations),
        weights_bytes=-(-weights * bits // 8) + BIAS_BYTES * biases,
        activation_bytes=max(graph.live_bytes()),
        operations=len(graph.operations),
        biases=biases,
    )


@lru_cache(maxsize=65536)
def _stem_row(spec: StemSpec, shape: Shape, bits: int) -> CostRow:
    graph = Graph(shape, "stem")
    trace_stem(spec, graph, 0)
    return _row("stem", "stem", graph, bits)


@lru_cache(maxsize=262144)
def _block_row(spec: BlockSpec, shape: Shape, bits: int) -> CostRow:
    kind = str(type(spec).__struct_config__.tag)
    graph = Graph(shape, kind)
    trace_block(spec, graph, 0)
    return _row(kind, kind, graph, bits)


@lru_cache(maxsize=65536)
def _head_row(spec: HeadSpec, classes: int, shape: Shape, bits: int) -> CostRow:
    graph = Graph(shape, "head")
    trace_head(spec, classes, graph, 0)
    return _row("head", "head", graph, bits)


def _rows(spec: NetworkSpec, bits: int) -> list[CostRow]:
    rows = [_stem_row(spec.stem, input_shape(spec), bits)]
    for number, stage in enumerate(spec.stages):
        for position, block in enumerate(stage.blocks):
            row = _block_row(block, rows[-1].out_shape, bits)
            rows.append(row._replace(name=f"stages.{number}.{position}"))
    rows.append(_head_row(spec.head, spec.classes, rows[-1].out_shape, bits))
    return rows


def cost(spec: NetworkSpec, bits: int = 8) -> Cost:
    """Count a network with weights of ``bits`` bits.

    Raises SpecError naming the field or layer where the specification describes no network.
    """
    validate(spec)
    if bits not in (1, 2, 4, 8, 16, 32):
        raise SpecError(f"bits: {bits} is no weight precision; use 1, 2, 4, 8, 16 or 32.")
    try:
        rows = _rows(spec, bits)
    except SpecError:
        trace_network(spec)
        raise
    return Cost(
        parameters=sum(row.parameters for row in rows),
        macs=sum(row.macs for row in rows),
        weights_bytes=sum(row.weights_bytes for row in rows),
        activation_bytes=max(row.activation_bytes for row in rows),
        rows=tuple(rows),
        spec=spec,
        bits=bits,
    )
