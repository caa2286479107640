"""What a space of networks is to those who search it: decisions of a few values each, and networks."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Protocol, TypeAlias

from attendnets.cost import cost
from attendnets.errors import SpecError
from attendnets.spec import NetworkSpec

Value: TypeAlias = bool | int | float | str
Decisions: TypeAlias = dict[str, Value]


class Space(Protocol):
    """A point is a plain dictionary, which studies store and proposers change."""

    def choices(self) -> dict[str, tuple[Value, ...]]:
        """Every decision's name and values, in a fixed order."""

    def draw(self, rng: random.Random) -> Decisions:
        """A point drawn uniformly."""

    def mutate(self, decisions: Mapping[str, Value], rng: random.Random, changes: int) -> Decisions:
        """A neighbour that differs in ``changes`` decisions."""

    def smallest(self) -> Decisions:
        """The point that costs least in every counted quantity, or close to it."""

    def canonical(self, decisions: Mapping[str, Value]) -> Decisions:
        """The same point, with decisions that do not matter there at their first values."""

    def network(self, decisions: Mapping[str, Value]) -> NetworkSpec:
        """The network of a point; where its values do not fit together, one that ``cost`` refuses."""


def refusal(spec: NetworkSpec) -> str | None:
    """Why the values of ``spec`` do not fit together; None where it is a network."""
    try:
        cost(spec)
    except SpecError as error:
        return str(error)
    return None


def drawn(choices: Mapping[str, tuple[Value, ...]], rng: random.Random) -> Decisions:
    """Each decision at one of its values, uniformly."""
    return {name: rng.choice(values) for name, values in choices.items()}


def mutated(
    choices: Mapping[str, tuple[Value, ...]],
    decisions: Mapping[str, Value],
    rng: random.Random,
    changes: int,
) -> Decisions:
    """``changes`` of ``decisions`` take another value; ordered ones prefer the next value."""
    point = dict(decisions)
    open_names = [name for name, values in choices.items() if len(values) > 1]
    for name in rng.sample(open_names, min(changes, len(open_names))):
        values = choices[name]
        others = [value for value in values if value != point[name]]
        if isinstance(values[0], int | float) and rng.random() < 0.75:
            at = values.index(point[name])
            others = [values[i] for i in (at - 1, at + 1) if 0 <= i < len(values)]
        point[name] = rng.choice(others)
    return point
