"""TB-Net (arXiv 2104.03165): a reconstruction, its channel numbers are not public.

Known are the totals (4.24 M parameters, 0.42 G multiply-adds at 224 pixels and 2 classes) and Fig. 2: a
7x7 stem, thirteen VACs, then three PEPEs. Its shortcuts, read as one round every module, are 1x1
convolutions round modules 1, 4, 8 and 14 and identities elsewhere: stages of 3, 4, 6 and 3, as ResNet-50's.
Not known, and ours: strides, the max pooling after the stem, the averaging at a stage's start, groups,
and the channel numbers, which ``examples/find_attonets_and_tbnet.py`` found from the totals.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from attendnets.networks.entry import Entry
from attendnets.spec import (
    BlockSpec,
    InputSpec,
    NetworkSpec,
    PepeSpec,
    StageSpec,
    StemSpec,
    Stride,
    VisualCondenserSpec,
)

DEPTHS = (3, 4, 6, 3)


@dataclass(frozen=True)
class TbNet:
    """Channel numbers: of the stem, of each stage, of the VACs in stages 1 to 3, of the PEPEs in stage 4."""

    stem: int
    widths: tuple[int, int, int, int]
    mixings: tuple[int, int, int]
    embeddings: tuple[int, int, int]
    projection: int
    second_projection: int


NUMBERS = TbNet(16, (64, 128, 352, 824), (24, 56, 160), (24, 56, 160), 448, 448)


def tbnet(numbers: TbNet, *, classes: int, channels: int, image_size: int) -> NetworkSpec:
    """The network of these channel numbers for square images of ``image_size`` pixels."""
    stages = []
    for number, (depth, width) in enumerate(zip(DEPTHS, numbers.widths, strict=True)):
        blocks: list[BlockSpec] = []
        for position in range(depth):
            stride: Stride = 2 if number and not position else 1
            if number < len(numbers.mixings):
                blocks.append(
                    VisualCondenserSpec(
                        width=width,
                        stride=stride,
                        mixing=numbers.mixings[number],
                        embedding=numbers.embeddings[number],
                    )
                )
            else:
                blocks.append(
                    PepeSpec(
                        width=width,
                        stride=stride,
                        projection=numbers.projection,
                        second_projection=numbers.second_projection,
                    )
                )
        stages.append(StageSpec(blocks=tuple(blocks)))
    return NetworkSpec(
        input=InputSpec(channels=channels, height=image_size, width=image_size),
        stem=StemSpec(width=numbers.stem, kernel=7, pool="max"),
        stages=tuple(stages),
        classes=classes,
    )


ENTRIES: tuple[Entry, ...] = (
    Entry(
        name="tbnet",
        summary="TB-Net reconstructed: 13 VACs and 3 PEPEs, 4.24 M parameters, 0.42 G MACs",
        origin="reconstruction",
        source="arXiv 2104.03165, section 2 and Fig. 2",
        classes=2,
        channels=3,
        image_size=224,
        spec=partial(tbnet, NUMBERS),
    ),
)
