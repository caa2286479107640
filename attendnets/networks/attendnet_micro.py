"""AttendNet-micro: ours, for microcontrollers; no paper has it.

The AttendNets' order, visual attention condensers early and PEPEs late, below 80 K parameters and, at
32 pixels, 12.5 M multiply-adds, which is what ResNet-8 of MLPerf Tiny takes. Every choice stays in 8 bits:
a sigmoid gate over an embedding of both signs, maximum pooling as condensation, averages for halving the
grid, ReLU, all channel numbers multiples of 8. At 48 pixels and more the stem halves the grid too: 64 pixels
cost what 32 do, 96 pixels 2.25 times as much.
"""

from __future__ import annotations

from attendnets.networks.entry import Entry
from attendnets.spec import (
    InputSpec,
    NetworkSpec,
    PepeSpec,
    StageSpec,
    StemSpec,
    VisualCondenserSpec,
)

STRIDED_FROM = 48
"""Pixels from which the stem halves the grid."""


def attendnet_micro(*, classes: int, channels: int, image_size: int) -> NetworkSpec:
    """The network for square images of ``image_size`` pixels; meant for 32, 64 and 96."""
    return NetworkSpec(
        input=InputSpec(channels=channels, height=image_size, width=image_size),
        stem=StemSpec(width=16, stride=2 if image_size >= STRIDED_FROM else 1),
        stages=(
            StageSpec(blocks=(_condenser(24), _condenser(24))),
            StageSpec(blocks=(_condenser(48, halve=True), _condenser(48))),
            StageSpec(blocks=(_pepe(96, halve=True), _pepe(96))),
        ),
        classes=classes,
    )


def _condenser(width: int, *, halve: bool = False) -> VisualCondenserSpec:
    return VisualCondenserSpec(
        width=width,
        stride=2 if halve else 1,
        mixing=width,
        embedding=24,
        groups=1,
        linear_embedding=True,
    )


def _pepe(width: int, *, halve: bool = False) -> PepeSpec:
    return PepeSpec(
        width=width,
        stride=2 if halve else 1,
        projection=width // 2,
        multiplier=2,
        second_projection=40,
    )


ENTRIES: tuple[Entry, ...] = (
    Entry(
        name="attendnet_micro",
        summary="AttendNet-micro: condensers early, PEPEs late, for microcontrollers, 79 K parameters",
        origin="ours",
        source="attendnets/networks/attendnet_micro.py",
        classes=10,
        channels=3,
        image_size=32,
        spec=attendnet_micro,
    ),
)
