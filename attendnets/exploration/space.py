"""The design space: which decisions describe a network, and the network that they describe.

A residual prototype of three or four stages on halving grids. Every decision is a choice among a few
values, so that a point is a plain dictionary, which studies store and proposers mutate.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypedDict, cast

from attendnets.exploration.decisions import Decisions, Value, drawn, mutated
from attendnets.spec import (
    BlockSpec,
    CondenserSpec,
    ConvolutionSpec,
    DoubleCondenserSpec,
    Downsample,
    Gate,
    HeadSpec,
    InputSpec,
    NetworkSpec,
    PepeSpec,
    StageSpec,
    StemSpec,
    VisualCondenserSpec,
)

Kind: TypeAlias = Literal["convolution", "condenser", "visual_condenser", "double_condenser", "pepe"]

CHANNEL_STEP = 8
_ASKED: dict[Kind, tuple[str, ...]] = {
    "convolution": ("groups",),
    "condenser": ("embedding", "groups", "gate"),
    "visual_condenser": ("ratio", "embedding", "groups", "gate"),
    "double_condenser": ("ratio", "groups", "gate"),
    "pepe": ("ratio", "embedding", "kernel"),
}
"""The decisions that a block asks for beside those of its stage."""
_OF_STAGE = ("kind", "width", "depth", "shortcut")
_OF_BLOCK = ("ratio", "embedding", "kernel", "groups", "gate")
SMALL_IMAGE = 40
"""Images up to this many pixels a side keep their grid in the stem."""


@dataclass(frozen=True)
class DesignSpace:
    """Choices for each decision.

    Decisions of a stage carry its number (``width2``), decisions of one of its blocks that block's as well
    (``ratio2_0``): each block has inner widths, groups, a gate and a kernel of its own. The blocks of a
    stage have one kind and one output width, which their shortcuts add.

    ``ratios`` are a block's inner width over its width (mixing of a VAC, projection of a PEPE, inner of a
    DC-AC), ``embeddings`` the embedding's width over the width that it embeds. All channel counts are
    multiples of 8, all gates and activations have an exact 8-bit form.
    """

    channels: int
    classes: int
    sizes: tuple[int, ...] = (48, 64, 80, 96, 112, 128)
    stem_widths: tuple[int, ...] = (8, 16, 24)
    stages: tuple[int, ...] = (3, 4)
    entry_strides: tuple[int, ...] = (1, 2)
    kinds: tuple[Kind, ...] = (
        "convolution",
        "condenser",
        "visual_condenser",
        "double_condenser",
        "pepe",
    )
    widths: tuple[tuple[int, ...], ...] = (
        (8, 16, 24, 32, 48),
        (16, 24, 32, 40, 48, 64, 80),
        (24, 32, 40, 48, 56, 64, 80, 96, 128, 160),
        (32, 40, 48, 56, 64, 80, 96, 128, 160, 192, 256),
    )
    depths: tuple[int, ...] = (1, 2, 3, 4)
    shortcuts: tuple[bool, ...] = (False, True)
    ratios: tuple[float, ...] = (0.5, 1.0, 1.5, 2.0, 3.0)
    embeddings: tuple[float, ...] = (0.25, 0.5, 1.0)
    kernels: tuple[int, ...] = (3, 5)
    groups: tuple[int, ...] = (1, 4)
    gates: tuple[Gate, ...] = ("sigmoid", "relu6")
    downsamples: tuple[Downsample, ...] = ("average", "stride", "max")
    features: tuple[int, ...] = (0, 64, 128, 256)

    @classmethod
    def for_data(cls, sizes: Mapping[str, int], channels: int, classes: int) -> DesignSpace:
        """The space for images of ``sizes`` ("WIDTHxHEIGHT" to how many): none larger than the data's."""
        shorter = sorted(
            min(int(side) for side in size.split("x")) for size, count in sizes.items() for _ in range(count)
        )
        native = shorter[len(shorter) // 2]
        if native <= SMALL_IMAGE:
            return cls(channels, classes, sizes=(max(CHANNEL_STEP, native // CHANNEL_STEP * CHANNEL_STEP),))
        fitting = tuple(size for size in cls.sizes if size <= native)
        return cls(channels, classes, sizes=fitting or cls.sizes[:1])

    def choices(self) -> dict[str, tuple[Value, ...]]:
        """Every decision's name and values, in a fixed order."""
        table: dict[str, tuple[Value, ...]] = {
            "size": self.sizes,
            "stem_width": self.stem_widths,
            "stages": self.stages,
            "entry_stride": self.entry_strides,
            "downsample": self.downsamples,
            "features": self.features,
        }
        for stage in range(max(self.stages)):
            table[f"kind{stage}"] = self.kinds
            table[f"width{stage}"] = self.widths[stage]
            table[f"depth{stage}"] = self.depths
            table[f"shortcut{stage}"] = self.shortcuts
            for block in range(max(self.depths)):
                table[f"ratio{stage}_{block}"] = self.ratios
                table[f"embedding{stage}_{block}"] = self.embeddings
                table[f"kernel{stage}_{block}"] = self.kernels
                table[f"groups{stage}_{block}"] = self.groups
                table[f"gate{stage}_{block}"] = self.gates
        return table

    def canonical(self, decisions: Mapping[str, Value]) -> Decisions:
        """The point of the same network whose idle decisions all have their first value.

        Idle are those of stages and blocks that the network does not have, and those that a block of its
        kind does not ask for.
        """
        idle = set()
        for stage in range(max(self.stages)):
            is_there = stage >= max(self.stages) - cast("int", decisions["stages"])
            asked = _ASKED[cast("Kind", decisions[f"kind{stage}"])] if is_there else ()
            if not is_there:
                idle |= {f"{name}{stage}" for name in _OF_STAGE}
            depth = cast("int", decisions[f"depth{stage}"]) if is_there else 0
            for block in range(max(self.depths)):
                idle |= {f"{n}{stage}_{block}" for n in _OF_BLOCK if n not in asked or block >= depth}
        return {
            name: values[0] if name in idle else decisions[name] for name, values in self.choices().items()
        }

    def draw(self, rng: random.Random) -> Decisions:
        """A point drawn uniformly."""
        return drawn(self.choices(), rng)

    def mutate(self, decisions: Mapping[str, Value], rng: random.Random, changes: int) -> Decisions:
        """A neighbour: ``changes`` decisions take another value; ordered ones prefer the next value."""
        return mutated(self.choices(), decisions, rng, changes)

    def smallest(self) -> Decisions:
        """The point that costs least in every counted quantity, or close to it."""
        point: Decisions = {}
        for name, values in self.choices().items():
            if name.startswith("kind"):
                point[name] = "pepe" if "pepe" in values else values[0]
            elif name == "entry_stride":
                point[name] = max(cast("tuple[int, ...]", values))
            elif isinstance(values[0], str):
                point[name] = values[0]
            else:
                point[name] = min(cast("tuple[float, ...]", values))
        return point

    def network(self, decisions: Mapping[str, Value]) -> NetworkSpec:
        """The network of a point; decisions of stages that it does not have are ignored."""
        size = cast("int", decisions["size"])
        count = cast("int", decisions["stages"])
        # Stages of a three-stage network take the last three rows: the widths of its final grids.
        stages = []
        for position, row in enumerate(range(max(self.stages) - count, max(self.stages))):
            stride = cast("int", decisions["entry_stride"]) if position == 0 else 2
            stages.append(self._stage(decisions, row, stride))
        return NetworkSpec(
            input=InputSpec(channels=self.channels, height=size, width=size),
            stem=StemSpec(width=cast("int", decisions["stem_width"]), stride=1 if size <= SMALL_IMAGE else 2),
            stages=tuple(stages),
            head=HeadSpec(features=cast("int", decisions["features"])),
            classes=self.classes,
        )

    def _stage(self, decisions: Mapping[str, Value], row: int, stride: int) -> StageSpec:
        depth = cast("int", decisions[f"depth{row}"])
        return StageSpec(
            blocks=tuple(
                _block(decisions, row, position, stride if position == 0 else 1) for position in range(depth)
            )
        )


class _Shared(TypedDict):
    width: int
    stride: Literal[1, 2]
    downsample: Downsample
    shortcut: bool


def _channels(value: float) -> int:
    return max(CHANNEL_STEP, round(value / CHANNEL_STEP) * CHANNEL_STEP)


def _block(decisions: Mapping[str, Value], row: int, position: int, stride: int) -> BlockSpec:
    kind = cast("Kind", decisions[f"kind{row}"])
    width = cast("int", decisions[f"width{row}"])
    inner = _channels(width * cast("float", decisions[f"ratio{row}_{position}"]))
    embedding = cast("float", decisions[f"embedding{row}_{position}"])
    groups = cast("int", decisions[f"groups{row}_{position}"])
    gate = cast("Gate", decisions[f"gate{row}_{position}"])
    shared: _Shared = {
        "width": width,
        "stride": cast("Literal[1, 2]", stride),
        "downsample": cast("Downsample", decisions["downsample"]),
        "shortcut": bool(decisions[f"shortcut{row}"]),
    }
    if kind == "convolution":
        return ConvolutionSpec(**shared, groups=groups)
    if kind == "condenser":
        return CondenserSpec(
            **shared, embedding=_channels(width * embedding), groups=groups, gate=gate, linear_embedding=True
        )
    if kind == "visual_condenser":
        return VisualCondenserSpec(
            **shared,
            mixing=inner,
            embedding=_channels(inner * embedding),
            groups=groups,
            gate=gate,
            linear_embedding=True,
        )
    if kind == "double_condenser":
        return DoubleCondenserSpec(**shared, inner=inner, groups=groups, gate=gate, activation="relu")
    return PepeSpec(
        **shared,
        projection=inner,
        second_projection=_channels(width * max(0.5, embedding)),
        kernel=cast("Literal[3, 5]", decisions[f"kernel{row}_{position}"]),
    )
