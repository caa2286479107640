"""What costs alone decide: which candidates may be trained, and whether there are any.

Nothing is trained or even made here; a candidate costs well under a millisecond.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from attendnets.cost import cost
from attendnets.errors import InfeasibleError, SpecError
from attendnets.exploration.decisions import Decisions, Space
from attendnets.networks.constraints import Constraint, Violation, constraint, violations
from attendnets.requirements import Requirement, Requirements, format_value
from attendnets.spec import NetworkSpec, digest

NEAREST = 3
QUANTITIES_BY_PRICE = ("bits", "parameters", "macs", "weights", "activations", "file", "arena")
_STEPS = 1500
_LEAST = 1e-9


@dataclass
class Screen:
    """Lets candidates pass that meet every requirement on counted and predicted costs; counts them.

    ``largest_macs`` is the largest number of multiply-adds that can still be trained in the time there is,
    ``constraints`` are names of rules in ``networks.constraints`` that candidates must keep; of ``reference``
    are the parts that some of them freeze.
    """

    requirements: Requirements
    largest_macs: float | None = None
    constraints: tuple[str, ...] = ()
    reference: NetworkSpec | None = None
    screened: int = 0
    refused: int = 0

    def __call__(self, network: NetworkSpec) -> bool:
        """Whether ``network`` may be trained; what is no network may not."""
        self.screened += 1
        passed = self._passes(network)
        self.refused += not passed
        return passed

    def _passes(self, network: NetworkSpec) -> bool:
        try:
            price = cost(network)
        except SpecError:
            return False
        return (
            (self.largest_macs is None or price.macs <= self.largest_macs)
            and not any(
                item.violation(price.bounding_figure(item.quantity) or 0.0) for item in self.countable
            )
            and not self.broken(network)
        )

    def broken(self, network: NetworkSpec) -> tuple[Violation, ...]:
        """The places where ``network`` breaks one of the constraints."""
        return violations(network, self._rules)

    @cached_property
    def _rules(self) -> tuple[Constraint, ...]:
        return tuple(constraint(name, self.reference) for name in self.constraints)

    @cached_property
    def gates(self) -> tuple[str, ...]:
        """What can refuse a network: required quantities, "time" where it is limited, and constraints."""
        time = () if self.largest_macs is None else ("time",)
        return (*(item.quantity for item in self.countable), *time, *self.constraints)

    def excesses(self, network: NetworkSpec) -> tuple[float, ...] | None:
        """By how much ``network`` is beyond each of ``gates``, at most 0 where it passes; None if it is none.

        Of costs the logarithm of the figure over its bound. A constraint that is broken in n places is
        exceeded by log(1 + n), one that is kept has 1 left.
        """
        try:
            price = cost(network)
        except SpecError:
            return None
        costs = [(price.bounding_figure(item.quantity) or 0.0, item.bound) for item in self.countable]
        if self.largest_macs is not None:
            costs.append((price.macs, self.largest_macs))
        places = (len(rule(network)) for rule in self._rules)
        return (
            *(math.log(max(figure, _LEAST) / max(bound, _LEAST)) for figure, bound in costs),
            *(math.log1p(count) if count else -1.0 for count in places),
        )

    def slowness(self, network: NetworkSpec) -> float:
        """By how much, relative to it, ``network`` exceeds the largest that can be trained."""
        if self.largest_macs is None:
            return 0.0
        return max(0.0, cost(network).macs / self.largest_macs - 1.0)

    def distance(self, network: NetworkSpec) -> float:
        """0 where ``network`` passes; each broken place of a constraint counts 1."""
        return self.violation(self.figures(network)) + self.slowness(network) + len(self.broken(network))

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


def require_feasible(space: Space, screen: Screen, seed: int) -> None:
    """Look for one point of ``space`` that ``screen`` lets pass, by descent on the distance from that.

    Raises InfeasibleError where there is none, naming the constraint that binds and where it is broken, or
    the binding requirement and the three nearest achievable points.
    """
    rng = random.Random(f"feasible/{seed}")
    best = space.smallest()
    visited: dict[str, tuple[float, NetworkSpec]] = {}

    def visit(point: Decisions) -> float:
        network = space.network(point)
        distance = screen.distance(network)
        visited[digest(network)] = (distance, network)
        return distance

    least = visit(best)
    for _ in range(_STEPS):
        if least == 0.0:
            return
        point = space.mutate(best, rng, 1 + rng.randrange(4))
        distance = visit(point)
        if distance <= least:
            best, least = point, distance
    ranked = [network for _, network in sorted(visited.values(), key=lambda item: item[0])]
    raise InfeasibleError(_explain(screen, ranked))


def _explain(screen: Screen, ranked: list[NetworkSpec]) -> str:
    """What the nearest network still breaks: a constraint, the time there is, or a requirement."""
    items, nearest = screen.countable, ranked[0]
    wanted = " and ".join(
        f"{verb} {' and '.join(map(str, named))}"
        for verb, named in (("meets", items), ("keeps", screen.constraints))
        if named
    )
    broken = screen.broken(nearest)
    if broken:
        return (
            f"No network of the design space {wanted}; the binding constraint is "
            f"{broken[0].rule}, which the nearest breaks at {broken[0].where}: {broken[0].what}. Leave out "
            "that constraint, or open what breaks it."
        )
    figures = screen.figures(nearest)
    most = max((item.violation(figures[item.quantity]) for item in items), default=0.0)
    if most <= screen.slowness(nearest):
        least, most = cost(nearest).macs, screen.largest_macs or 0.0
        return (
            f"No network of the design space can be trained in the time there is: the nearest needs "
            f"{format_value('macs', least)} MACs, at most {format_value('macs', most)} can be trained. Give "
            "more --minutes."
        )
    # What breaks a constraint or takes too long to train cannot be had, near as it may be.
    reachable = [each for each in ranked if not screen.slowness(each) and not screen.broken(each)]
    points = [screen.figures(network) for network in reachable or ranked]
    excess = {item: item.violation(points[0][item.quantity]) for item in items}
    binding = max(items, key=lambda item: excess[item])
    texts = (
        ", ".join(f"{item.quantity} {format_value(item.quantity, point[item.quantity])}" for item in items)
        for point in points
    )
    nearest_three = "; ".join(list(dict.fromkeys(texts))[:NEAREST])
    relaxed = [
        f"{'it' if item is binding else item} to {item.relaxed_to(points[0][item.quantity])}"
        for item in sorted(items, key=lambda item: item is not binding)
        if excess[item] > 0.0
    ]
    time = "" if reachable else ", and give more --minutes"
    return (
        f"No network of the design space {wanted}; the binding requirement is {binding}. The nearest three "
        f"that can be had: {nearest_three}. Relax {' and '.join(relaxed)}{time}."
    )
