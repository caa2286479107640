"""The same small network with one kind of block or another, at the same number of parameters.

A stem, three stages of two blocks that each halve the grid, a linear classifier. Blocks differ so much in
what a channel costs that equal widths would compare sizes: widths are scaled until the parameters agree.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

from attendnets.cost import cost
from attendnets.errors import UsageError
from attendnets.spec import (
    BlockSpec,
    CondenserSpec,
    ConvolutionSpec,
    DoubleCondenserSpec,
    InputSpec,
    NetworkSpec,
    PepeSpec,
    StageSpec,
    StemSpec,
    VisualCondenserSpec,
)

Widths: TypeAlias = tuple[int, ...]
MakeBlock: TypeAlias = Callable[[int, Literal[1, 2]], BlockSpec]

TOLERANCE = 0.02
_AIM = 0.005
_PROPORTIONS = (24, 40, 56)
_BLOCKS_A_STAGE = 2
_COLUMNS = 4  # grouped convolutions have so many, and channels in multiples of it
_UNGROUPED = ("plain convolution", "PEPE")


def _half(width: int) -> int:
    return max(_COLUMNS, round(width / 2 / _COLUMNS) * _COLUMNS)


def _quantum(block: str) -> int:
    """Widths come in multiples of this."""
    return 2 if block in _UNGROUPED else _COLUMNS


def _double_condenser(width: int, stride: Literal[1, 2]) -> BlockSpec:
    """As released: the block that opens a stage attends, the others add."""
    return DoubleCondenserSpec(width=width, inner=width, stride=stride, attention=stride == 2)


def _columns(width: int, stride: Literal[1, 2]) -> BlockSpec:
    return DoubleCondenserSpec(width=width, inner=width, stride=stride, attention=False)


BLOCKS: dict[str, MakeBlock] = {
    "plain convolution": lambda width, stride: ConvolutionSpec(width=width, stride=stride),
    "VAC": lambda width, stride: VisualCondenserSpec(
        width=width, mixing=_half(width), embedding=_half(width), stride=stride
    ),
    "DC-AC": _double_condenser,
    "DC-AC without attention": _columns,
    "AC": lambda width, stride: CondenserSpec(width=width, embedding=_half(width), stride=stride),
    "PEPE": lambda width, stride: PepeSpec(
        width=width, projection=_half(width), multiplier=2, second_projection=_half(width), stride=stride
    ),
}
"""Each kind of block at its defaults, with inner widths half of the block's."""


def network(block: str, widths: Widths, image: InputSpec, classes: int) -> NetworkSpec:
    """Stages of ``widths`` channels; images of more than 40 pixels are halved by the stem."""
    make = BLOCKS[block]
    stages = tuple(
        StageSpec(blocks=(make(width, 2), *(make(width, 1) for _ in range(_BLOCKS_A_STAGE - 1))))
        for width in widths
    )
    stem = StemSpec(width=16, stride=1 if image.width <= 40 else 2)
    return NetworkSpec(input=image, stem=stem, stages=stages, classes=classes)


def equal_network(block: str, parameters: int, image: InputSpec, classes: int) -> NetworkSpec:
    """The network of ``block`` whose parameters are within 2 % of ``parameters``, proportions kept.

    Raises UsageError where no such widths do.
    """
    scale = _scale(block, parameters, image, classes)
    found = []
    for factor in (1 + step / 100 for step in range(-8, 9)):
        for widths, bent in _rounded(scale * factor, _quantum(block)):
            spec = network(block, widths, image, classes)
            off = abs(cost(spec).parameters / parameters - 1)
            if off <= TOLERANCE:
                found.append((off > _AIM, bent, off, widths, spec))
    if not found:
        raise UsageError(
            f"{block}: no widths in multiples of {_quantum(block)} give {parameters:,} parameters within "
            f"{100 * TOLERANCE:.0f} %; ask for more parameters."
        )
    return min(found, key=lambda each: each[:4])[4]


def _scale(block: str, parameters: int, image: InputSpec, classes: int) -> float:
    """By how much the proportions are to be widened, roughly."""
    low, high = 0.05, 50.0
    for _ in range(24):
        middle = math.sqrt(low * high)
        widths = tuple(max(_COLUMNS, round(p * middle / _COLUMNS) * _COLUMNS) for p in _PROPORTIONS)
        if cost(network(block, widths, image, classes)).parameters < parameters:
            low = middle
        else:
            high = middle
    return low


def _rounded(scale: float, quantum: int) -> Iterator[tuple[Widths, float]]:
    """Proportions times ``scale``, each rounded down or up, with how far that bends the proportions."""
    exact = [proportion * scale for proportion in _PROPORTIONS]
    floors = [max(quantum, int(width // quantum) * quantum) for width in exact]
    for widths in itertools.product(*((floor, floor + quantum) for floor in floors)):
        yield widths, round(sum(abs(math.log(w / e)) for w, e in zip(widths, exact, strict=True)), 6)
