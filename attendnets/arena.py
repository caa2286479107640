"""What an 8-bit file will weigh and what tflite-micro will need to run it, known before it exists.

The interpreter places tensors with a greedy planner, which is repeated here step by step, and keeps
records per operation and channel, whose sizes were fitted to exported files
(``benchmarks/arena.py`` measures the error of both predictions on networks of the design space).
"""

from __future__ import annotations

from attendnets.graph import Graph

ALIGNMENT = 16

RECORDS_BYTES = 1900
RECORDS_BYTES_PER_OPERATION = 173
RECORDS_BYTES_PER_CHANNEL = 8.1

FORMAT_BYTES = 5300
FORMAT_BYTES_PER_OPERATION = 73
FORMAT_BYTES_PER_CHANNEL = 6.8

BIAS_BYTES = 4


def arena_bytes(graph: Graph) -> int:
    """Predicted arena of tflite-micro (64-bit, reference kernels) for an int8 network, in bytes."""
    records = (
        RECORDS_BYTES
        + RECORDS_BYTES_PER_OPERATION * len(graph.operations)
        + RECORDS_BYTES_PER_CHANNEL * sum(operation.biases for operation in graph.operations)
    )
    return planned_bytes(graph) + round(records)


def file_bytes(graph: Graph) -> int:
    """Predicted size of the int8 .tflite file, in bytes."""
    weights = sum(operation.weights for operation in graph.operations)
    channels = sum(operation.biases for operation in graph.operations)
    around = (
        FORMAT_BYTES
        + FORMAT_BYTES_PER_OPERATION * len(graph.operations)
        + FORMAT_BYTES_PER_CHANNEL * channels
    )
    return weights + BIAS_BYTES * channels + round(around)


def planned_bytes(graph: Graph) -> int:
    """Bytes that tflite-micro's greedy planner needs for all tensors at 8 bits.

    Largest tensors first, of equals the last made first; each goes into the first gap among those that
    are alive with it. A strided convolution reads a padded copy of its input.
    """
    placed: list[tuple[int, int, int, int]] = []
    last_made_first = _lifetimes(graph)[::-1]
    for size, first, last in sorted(last_made_first, key=lambda life: -life[0]):
        offset = 0
        beside = [(start, end) for start, end, born, dead in placed if born <= last and first <= dead]
        for start, end in sorted(beside):
            if offset + size <= start:
                break
            offset = max(offset, end)
        placed.append((offset, offset + size, first, last))
    return max(end for _, end, _, _ in placed)


def _lifetimes(graph: Graph) -> list[tuple[int, int, int]]:
    """(aligned bytes, first step, last step) of every tensor in the order of making."""
    sizes, first, last = [_aligned(graph.shape(0).elements)], [0], [0]
    index = {0: 0}
    step = 0
    for operation in graph.operations:
        for tensor in operation.inputs:
            last[index[tensor]] = step
        source = graph.shape(operation.inputs[0])
        if (
            operation.kind == "convolution"
            and operation.kernel > 1
            and source.height > operation.shape.height
        ):
            above, beside = operation.kernel - 1, (operation.kernel_width or operation.kernel) - 1
            padded = source.channels * (source.height + above) * (source.width + beside)
            sizes.append(_aligned(padded))
            first.append(step)
            step += 1
            last.append(step)
        index[operation.output] = len(sizes)
        sizes.append(_aligned(operation.shape.elements))
        first.append(step)
        last.append(step)
        step += 1
    return list(zip(sizes, first, last, strict=True))


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
