"""The space of a prototype: its decisions are exactly the cells that the user left open."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import msgspec

from attendnets.cost import cost
from attendnets.errors import SpecError
from attendnets.exploration.decisions import Decisions, Value, drawn, mutated, refusal
from attendnets.exploration.space import DesignSpace
from attendnets.prototype import Prototype
from attendnets.prototype.cells import Cell, Open
from attendnets.prototype.layout import BLOCKS, BlockLayout, fields_of
from attendnets.prototype.suggestions import CHANNEL_STEP, SHARES
from attendnets.spec import BlockSpec, HeadSpec, InputSpec, NetworkSpec, StageSpec, StemSpec

USUAL_SIZE: Final = 96
"""Pixels a side, at most, where neither the prototype nor the images ask for fewer."""
_DRAWS: Final = 2000
_ATTEMPTS: Final = 50


@dataclass(frozen=True)
class OpenSpace:
    """Ways to fill a prototype for images of ``channels`` and ``classes``.

    ``sizes``: pixels a side that suit the images, in rising order. All points that are drawn are networks.
    Raises SpecError naming the prototype where it is for other images, or no way to fill it is a network.
    """

    prototype: Prototype
    channels: int
    classes: int
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        layout, source = self.prototype.layout, self.prototype.source
        for name, written, given in (
            ("classes", layout.classes, self.classes),
            ("input.channels", layout.channels, self.channels),
        ):
            if written not in (None, given):
                raise SpecError(f"{source}: {name}: {written}, but the images have {given}; leave it out.")
        self._smallest  # noqa: B018 - a prototype that cannot be filled is refused here

    @classmethod
    def for_data(
        cls, prototype: Prototype, sizes: Mapping[str, int], channels: int, classes: int
    ) -> OpenSpace:
        """For images of ``sizes`` ("WIDTHxHEIGHT" to how many)."""
        return cls(prototype, channels, classes, DesignSpace.for_data(sizes, channels, classes).sizes)

    def choices(self) -> dict[str, tuple[Value, ...]]:
        """Every open cell's place and values, the cheapest first."""
        return dict(self._choices)

    def draw(self, rng: random.Random) -> Decisions:
        """A point drawn uniformly from those that are networks, as far as a few attempts find one."""
        points = (drawn(self._choices, rng) for _ in range(_ATTEMPTS))
        return next(filter(self._is_network, points), self.smallest())

    def mutate(self, decisions: Mapping[str, Value], rng: random.Random, changes: int) -> Decisions:
        """A neighbour that is a network; the point itself where a few attempts find none."""
        points = (mutated(self._choices, decisions, rng, changes) for _ in range(_ATTEMPTS))
        return next(filter(self._is_network, points), dict(decisions))

    def smallest(self) -> Decisions:
        """The point that costs least in every counted quantity, or close to it."""
        return dict(self._smallest)

    def canonical(self, decisions: Mapping[str, Value]) -> Decisions:
        """The same point, decisions that its blocks have no use for at their first values."""
        idle: set[str] = set()
        for block in self._blocks:
            idle |= _idle(block, decisions)
        return {
            name: values[0] if name in idle else decisions[name] for name, values in self._choices.items()
        }

    def network(self, decisions: Mapping[str, Value]) -> NetworkSpec:
        """The network of a point; one that ``cost`` refuses where its values do not fit together."""
        layout, point = self.prototype.layout, self.canonical(decisions)
        usual = max((size for size in self.sizes if size <= USUAL_SIZE), default=self.sizes[0])
        side = usual if layout.size is None else _filled(layout.size, point)
        height, width = layout.sides or (side, side)
        stem: dict[str, Any] = {name: _filled(cell, point) for name, cell in layout.stem.items()}
        head: dict[str, Any] = {name: _filled(cell, point) for name, cell in layout.head.items()}
        stages = []
        for blocks in layout.stages:
            specs = [spec for block in blocks for spec in _specs(block, point)]
            stages.append(StageSpec(blocks=tuple(specs)))
        return NetworkSpec(
            input=InputSpec(channels=self.channels, height=height, width=width),
            stem=StemSpec(**stem),
            stages=tuple(stages),
            head=HeadSpec(**head),
            classes=self.classes,
        )

    @cached_property
    def _choices(self) -> dict[str, tuple[Value, ...]]:
        return {cell.decision: cell.values or self.sizes for cell in self.prototype.layout.open_cells()}

    @cached_property
    def _blocks(self) -> tuple[BlockLayout, ...]:
        return tuple(block for blocks in self.prototype.layout.stages for block in blocks)

    @cached_property
    def _smallest(self) -> Decisions:
        first = {name: values[0] for name, values in self._choices.items()}
        if self._is_network(first):
            return first
        rng = random.Random(0)
        drawings = (drawn(self._choices, rng) for _ in range(_DRAWS))
        points = list(filter(self._is_network, drawings))
        if not points:
            raise SpecError(
                f"{self.prototype.source}: none of {_DRAWS} ways to fill its open cells is a network: "
                f"{refusal(self.network(first))}"
            )
        point = min(points, key=lambda point: cost(self.network(point)).macs)
        for name, values in self._choices.items():
            cheaper = ({**point, name: value} for value in values[: values.index(point[name])])
            point = next(filter(self._is_network, cheaper), point)
        return point

    def _is_network(self, point: Decisions) -> bool:
        return refusal(self.network(point)) is None


def _filled(cell: Cell, decisions: Mapping[str, Value]) -> Any:
    return decisions[cell.decision] if isinstance(cell, Open) else cell


def _idle(block: BlockLayout, decisions: Mapping[str, Value]) -> set[str]:
    """Decisions of ``block`` that nothing depends on at this point."""
    used = set(fields_of(_filled(block.kind, decisions)))
    if _filled(block.fields.get("stride", 1), decisions) == 1:
        used.discard("downsample")
    return {
        cell.decision for name, cell in block.fields.items() if isinstance(cell, Open) and name not in used
    }


def _specs(block: BlockLayout, decisions: Mapping[str, Value]) -> list[BlockSpec]:
    """The block as often as it is repeated; only the first may halve the grid."""
    kind = _filled(block.kind, decisions)
    known = fields_of(kind)
    fields = {name: _filled(cell, decisions) for name, cell in block.fields.items() if name in known}
    # In the order of SHARES: mixing before the embedding that is a share of it.
    for name in SHARES:
        cell = block.fields.get(name)
        if name in fields and isinstance(cell, Open) and cell.is_share:
            whole = fields.get("mixing", fields["width"]) if name == "embedding" else fields["width"]
            fields[name] = max(CHANNEL_STEP, round(whole * fields[name] / CHANNEL_STEP) * CHANNEL_STEP)
    first: BlockSpec = BLOCKS[kind](**fields)
    copies = _filled(block.repeat, decisions) - 1
    return [first, *[msgspec.structs.replace(first, stride=1)] * copies]
