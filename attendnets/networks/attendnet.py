"""AttendNet-A and AttendNet-B (arXiv 2009.14385): reconstructions.

Known: the blocks (VAC, PEPE) and their layers; a residual prototype; VACs early, PEPEs late; global
average pooling and one linear layer; the totals of Table 1 (50 classes, 224x224): 1386 K parameters and
276.8 M multiply-adds for A, 782 K and 191.3 M for B. The channel numbers are in a figure that nobody
has transcribed. A sister network of the same blocks, TB-Net (arXiv 2104.03165, Fig. 2), shows a 7x7
stem, 3, 4, 6 VACs and 3 PEPEs with a projection at the head of each stage.

Found here: channel numbers that are multiples of 8, share their ratios between A and B, give B at most
A's width everywhere, meet both totals within the table's rounding, and among all that do come nearest to
doubling from stage to stage. ``examples/find_attendnets.py`` finds them again. They are not the authors'.
"""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

from attendnets.networks.entry import Entry
from attendnets.spec import (
    BlockSpec,
    InputSpec,
    NetworkSpec,
    PepeSpec,
    StageSpec,
    StemSpec,
    VisualCondenserSpec,
)


class Channels(NamedTuple):
    """Channel numbers of one AttendNet; stages 1 to 3 are of VACs, stage 4 is of PEPEs.

    ``mixing`` and ``embedding`` are a VAC's m and e1; ``projection``, ``multiplier`` and
    ``second_projection`` a PEPE's p1, d and p2.
    """

    stem: int
    widths: tuple[int, int, int, int]
    mixing: tuple[int, int, int]
    embedding: tuple[int, int, int]
    projection: int
    multiplier: int
    second_projection: int


DEPTHS: Final = (3, 4, 6, 3)
A: Final = Channels(
    stem=32,
    widths=(64, 112, 248, 552),
    mixing=(32, 56, 128),
    embedding=(32, 56, 128),
    projection=136,
    multiplier=2,
    second_projection=72,
)
B: Final = Channels(
    stem=32,
    widths=(48, 96, 192, 376),
    mixing=(24, 48, 96),
    embedding=(24, 48, 96),
    projection=96,
    multiplier=2,
    second_projection=48,
)


def attendnet(numbers: Channels, *, classes: int, channels: int, image_size: int) -> NetworkSpec:
    """Stem 7x7 of stride 2, max pooling, stages of 3, 4, 6 VACs and 3 PEPEs on halving grids."""
    stages = []
    for number, depth in enumerate(DEPTHS):
        first = _module(numbers, number, halve=number > 0)
        rest = _module(numbers, number, halve=False)
        stages.append(StageSpec(blocks=(first, *[rest] * (depth - 1))))
    return NetworkSpec(
        input=InputSpec(channels=channels, height=image_size, width=image_size),
        stem=StemSpec(width=numbers.stem, kernel=7, pool="max"),
        stages=tuple(stages),
        classes=classes,
    )


def _module(numbers: Channels, stage: int, *, halve: bool) -> BlockSpec:
    if stage < len(numbers.mixing):
        return VisualCondenserSpec(
            width=numbers.widths[stage],
            stride=2 if halve else 1,
            mixing=numbers.mixing[stage],
            embedding=numbers.embedding[stage],
        )
    return PepeSpec(
        width=numbers.widths[stage],
        stride=2 if halve else 1,
        projection=numbers.projection,
        multiplier=numbers.multiplier,
        second_projection=numbers.second_projection,
    )


ENTRIES: Final[tuple[Entry, ...]] = tuple(
    Entry(
        name=f"attendnet_{letter.lower()}",
        summary=f"AttendNet-{letter}: 13 visual attention condensers, then 3 PEPEs",
        origin="reconstruction",
        source="arXiv 2009.14385, Table 1, Fig. 2",
        classes=50,
        channels=3,
        image_size=224,
        spec=partial(attendnet, numbers),
    )
    for letter, numbers in (("A", A), ("B", B))
)
