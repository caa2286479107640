"""The grids of a network: where it has features at each stride, from its specification."""

from __future__ import annotations

from typing import NamedTuple

from attendnets.spec import NetworkSpec


class Level(NamedTuple):
    """The last layer on one grid: its module's name, channels, and pixels of the image a step (stride)."""

    module: str
    channels: int
    stride: int


def levels(spec: NetworkSpec) -> tuple[Level, ...]:
    """One for each stride of the network, from fine to coarse."""
    stem = spec.stem
    stride: int = stem.stride
    found = [Level("stem.second", stem.width, stride)]
    if stem.pool != "none":
        stride *= 2
        found.append(Level("stem", stem.width, stride))
    for number, stage in enumerate(spec.stages):
        for block in stage.blocks:
            stride *= block.stride
        found.append(Level(f"stages.{number}", stage.blocks[-1].width, stride))
    last_of_stride = {level.stride: level for level in found}
    return tuple(last_of_stride.values())


def total_stride(spec: NetworkSpec) -> int:
    """Pixels of the image a step of the last grid: no image can be smaller and be seen as one."""
    return levels(spec)[-1].stride
