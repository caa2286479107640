"""AttoNet-A to -D (arXiv 1903.07209): reconstructions, the authors' modules are not public.

Known are the totals of A and B at 50 classes and 224 pixels (AttendNets, arXiv 2009.14385, Table 1) and,
through the abstract's factor of about ten against MobileNet-V1, the size of D. C's size is ours, between B
and D. Ours too is all within: a 3x3 stem; four stages, each of which halves the grid by averaging, of two
kinds of modules: two grouped 3x3 convolutions, and projection-expansion (pointwise, depthwise, pointwise,
pointwise); every module with a shortcut. Depths and kinds are the same in all four networks; the channel
numbers were found from the totals by ``examples/find_attonets_and_tbnet.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from attendnets.networks.entry import Entry
from attendnets.spec import (
    BlockSpec,
    ConvolutionSpec,
    InputSpec,
    NetworkSpec,
    PepeSpec,
    StageSpec,
    StemSpec,
    Stride,
)

MODULES: Final = ("gp", "gpp", "gppgpp", "gpp")
"""The kinds of each stage's modules: g grouped convolutions, p projection-expansion."""
GROUPS: Final = 8


@dataclass(frozen=True)
class AttoNet:
    """Channel numbers: one of the stem, then one a stage.

    ``projections`` and ``second_projections`` are those of the projection-expansion modules.
    """

    stem: int
    widths: tuple[int, int, int, int]
    projections: tuple[int, int, int, int]
    second_projections: tuple[int, int, int, int]


A = AttoNet(40, (64, 152, 320, 624), (40, 72, 152, 320), (40, 80, 152, 312))
B = AttoNet(32, (56, 120, 256, 488), (32, 72, 120, 248), (32, 64, 112, 256))
C = AttoNet(24, (40, 80, 160, 312), (24, 40, 80, 160), (24, 40, 88, 160))
D = AttoNet(16, (32, 56, 96, 200), (16, 24, 56, 104), (16, 24, 56, 104))


def attonet(numbers: AttoNet, *, classes: int, channels: int, image_size: int) -> NetworkSpec:
    """The network of these channel numbers for square images of ``image_size`` pixels."""
    stages = []
    for kinds, width, first, second in zip(
        MODULES, numbers.widths, numbers.projections, numbers.second_projections, strict=True
    ):
        blocks: list[BlockSpec] = []
        for position, kind in enumerate(kinds):
            if kind == "g":
                stride: Stride = 1 if position else 2
                blocks.append(ConvolutionSpec(width=width, groups=GROUPS, stride=stride))
            else:
                blocks.append(PepeSpec(width=width, projection=first, second_projection=second))
        stages.append(StageSpec(blocks=tuple(blocks)))
    return NetworkSpec(
        input=InputSpec(channels=channels, height=image_size, width=image_size),
        stem=StemSpec(width=numbers.stem),
        stages=tuple(stages),
        classes=classes,
    )


def _entry(letter: str, numbers: AttoNet, size: str, source: str) -> Entry:
    return Entry(
        name=f"attonet_{letter}",
        summary=f"AttoNet-{letter.upper()} reconstructed: grouped and projection-expansion modules, {size}",
        origin="reconstruction",
        source=source,
        classes=50,
        channels=3,
        image_size=224,
        spec=partial(attonet, numbers),
    )


_TABLE = "arXiv 1903.07209; totals: AttendNets, arXiv 2009.14385, Table 1"
_ABSTRACT = "arXiv 1903.07209, abstract: about a tenth of MobileNet-V1's parameters and multiply-adds"
_BETWEEN = "arXiv 1903.07209; its size was not found, here near the geometric mean of B's and D's"

ENTRIES: tuple[Entry, ...] = (
    _entry("a", A, "2.97 M parameters, 425 M MACs", _TABLE),
    _entry("b", B, "1.87 M parameters, 278 M MACs", _TABLE),
    _entry("c", C, "0.79 M parameters, 125 M MACs", _BETWEEN),
    _entry("d", D, "0.33 M parameters, 57 M MACs", _ABSTRACT),
)
