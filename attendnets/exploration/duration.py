"""How long a training will take, relative to others: from the specification alone."""

from __future__ import annotations

from attendnets.cost import cost
from attendnets.networks.assemble import trace_network
from attendnets.spec import NetworkSpec

# Fitted to steps of 32 images with one thread: every operation costs its call, its output's memory and its
# multiply-adds. Milliseconds; a factor on all of them changes nothing.
_STEP_MS = 3.0
_OPERATION_MS = 0.35
_MEGA_ELEMENT_MS = 60.0
_MEGA_MAC_MS = 0.8


def expected_duration(spec: NetworkSpec, epochs: int) -> float:
    """A number proportional to the time of ``epochs`` epochs, as far as that is known beforehand."""
    shapes = [operation.shape for operation in trace_network(spec).operations]
    elements = sum(shape.channels * shape.height * shape.width for shape in shapes)
    step_ms = (
        _STEP_MS
        + _OPERATION_MS * len(shapes)
        + _MEGA_ELEMENT_MS * elements / 1e6
        + _MEGA_MAC_MS * cost(spec).macs / 1e6
    )
    return epochs * step_ms
