"""What costs alone decide: which candidates may be trained, and whether there are any.

Nothing is trained or even made here; a candidate costs well under a millisecond.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from attendnets.cost import cost
from attendnets.errors import InfeasibleError
from attendnets.exploration.space import Decisions, DesignSpace
from attendnets.requirements import Requirement, Requirements, format_value
from attendnets.spec import NetworkSpec, digest

NEAREST = 3
QUANTITIES_BY_PRICE = ("parameters", "macs", "weights", "activations", "file", "arena")
_STEPS = 1500


@dataclass
class Screen:
    """Lets candidates pass that meet every requirement on counted and predicted costs; counts them.

    ``largest_macs`` is the largest number of multiply-adds that can still be trained in the time there is.
    """

    requirements: Requirements
    largest_macs: float | None = None
    screened: int = 0
    refused: int = 0

    def __call__(self, network: NetworkSpec) -> bool:
        """Whether ``network`` may be trained."""
        self.screened += 1
        price = cost(network)
        passed = (self.largest_macs is None or price.macs <= self.largest_macs) and not any(
            item.violation(price.bounding_figure(item.quantity) or 0.0) for item in self.countable
        )
        self.refused += not passed
        return passed

    def violation(self, figures: Mapping[str, float]) -> float:
        """Sum of relative violations over the requirements that ``figures`` speak of."""
        return sum(
            item.violation(figures[item.quantity])
            for item in self.requirements.items
            if item.quantity in figures
        )

    @cached_property
    def countable(self) -> tuple[Requirement, ...]:
        """The requirements that costs alone can judge, the cheapest to judge first."""
        names = list(QUANTITIES_BY_PRICE)
        items = [item for item in self.requirements.items if item.quantity in names]
        return tuple(sorted(items, key=lambda item: names.index(item.quantity)))

    def figures(self, network: NetworkSpec) -> dict[str, float]:
        """Costs of ``network`` in the quantities that are required; predicted ones with their margin."""
        price = cost(network)
        return {item.quantity: price.bounding_figure(item.quantity) or 0.0 for item in self.countable}


def require_feasible(space: DesignSpace, screen: Screen, seed: int) -> None:
    """Look for one point of ``space`` that ``screen`` lets pass, by descent on the violation.

    Raises InfeasibleError naming the binding requirement and the three nearest achievable points where
    there is none.
    """
    rng = random.Random(f"feasible/{seed}")
    best = space.smallest()
    visited: dict[str, tuple[float, Decisions]] = {}

    def visit(point: Decisions) -> float:
        network = space.network(point)
        violation = screen.violation(screen.figures(network))
        visited[digest(network)] = (violation, point)
        return violation

    least = visit(best)
    for _ in range(_STEPS):
        if least == 0.0:
            return
        point = space.mutate(best, rng, 1 + rng.randrange(4))
        violation = visit(point)
        if violation <= least:
            best, least = point, violation
    raise InfeasibleError(_explain(space, screen, sorted(visited.values(), key=lambda item: item[0])))


def _explain(space: DesignSpace, screen: Screen, ranked: list[tuple[float, Decisions]]) -> str:
    points = [screen.figures(space.network(point)) for _, point in ranked]
    items = screen.countable
    binding = max(items, key=lambda item: item.violation(points[0][item.quantity]))
    texts = (
        ", ".join(f"{item.quantity} {format_value(item.quantity, figures[item.quantity])}" for item in items)
        for figures in points
    )
    nearest = "; ".join(list(dict.fromkeys(texts))[:NEAREST])
    return (
        f"No network of the design space meets {' and '.join(str(item) for item in items)}; the binding "
        f"requirement is {binding}. The nearest three that can be had: {nearest}. "
        f"Relax it to {binding.relaxed_to(points[0][binding.quantity])}."
    )
