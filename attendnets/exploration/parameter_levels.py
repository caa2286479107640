"""Parameters of an Optuna study as decisions, and its trials as their levels.

Letters: N trials, D parameters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial

from attendnets.errors import UsageError
from attendnets.exploration.decision_levels import Decision, Levels

BINS = 32
"""Levels of a parameter that has more values; within a bin, values are drawn evenly."""


@dataclass(frozen=True)
class Parameter:
    """A distribution as a decision among levels."""

    name: str
    distribution: BaseDistribution

    @cached_property
    def is_exact(self) -> bool:
        """Whether each level is one value."""
        return self.values is not None

    @cached_property
    def values(self) -> int | None:
        """How many values there are; None where bins stand for them."""
        if isinstance(self.distribution, CategoricalDistribution):
            return len(self.distribution.choices)
        low, high, step, log = _range(self.distribution)
        if step is None:
            return 1 if low == high else None
        count = round((high - low) / step) + 1
        return count if count <= BINS and not log else None

    @cached_property
    def decision(self) -> Decision:
        """Levels of the parameter; those of the same distribution are a family."""
        ordered = not isinstance(self.distribution, CategoricalDistribution)
        return Decision(self.values or BINS, ordered, family=repr(self.distribution))

    def contains(self, value: Any) -> bool:
        """Whether an external value is within the range that is asked for now."""
        try:
            return self.distribution._contains(self.distribution.to_internal_repr(value))
        except ValueError:
            return False

    def level(self, value: Any) -> int:
        """The level of an external value."""
        internal = self.distribution.to_internal_repr(value)
        if isinstance(self.distribution, CategoricalDistribution):
            return int(internal)
        low, _, step, _ = _range(self.distribution)
        if self.values is not None:
            return 0 if step is None else round((internal - low) / step)
        start, end = self._ends
        place = (math.log(internal) if self._is_log else internal) - start
        return min(BINS - 1, max(0, int(BINS * place / (end - start))))

    def value(self, level: int, rng: np.random.Generator) -> Any:
        """A value of ``level``; drawn evenly where the level is a bin."""
        if isinstance(self.distribution, CategoricalDistribution):
            return self.distribution.choices[level]
        low, high, step, log = _range(self.distribution)
        if self.values is not None:
            number = low if step is None else low + level * step
        else:
            start, end = self._ends
            place = start + (end - start) * (level + float(rng.random())) / BINS
            number = math.exp(place) if log else place
            if step is not None:
                number = low + round((number - low) / step) * step
        number = min(high, max(low, number))
        return round(number) if isinstance(self.distribution, IntDistribution) else float(number)

    @property
    def _is_log(self) -> bool:
        return _range(self.distribution)[3]

    @property
    def _ends(self) -> tuple[float, float]:
        low, high, _, log = _range(self.distribution)
        return (math.log(low), math.log(high)) if log else (low, high)


@dataclass
class SearchLevels:
    """Levels of trials in a ``search_space``, which are read once of trials that have ended."""

    search_space: Mapping[str, BaseDistribution]
    _read: dict[int, tuple[FrozenTrial, bytes | None]] = field(default_factory=dict, repr=False)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """In the order of the search space."""
        return tuple(Parameter(name, distribution) for name, distribution in self.search_space.items())

    @cached_property
    def decisions(self) -> tuple[Decision, ...]:
        """One a parameter."""
        return tuple(parameter.decision for parameter in self.parameters)

    @cached_property
    def is_exact(self) -> bool:
        """Whether each level of every parameter is one value."""
        return all(parameter.is_exact for parameter in self.parameters)

    def ended(self, trials: Sequence[FrozenTrial]) -> tuple[list[FrozenTrial], Levels]:
        """Those of ``trials``, all of which have ended, that are of this space, and their rows ``(N, D)``."""
        read = {}
        for trial in trials:
            known = self._read.get(id(trial))
            # The trial is kept beside its row, so that its id is nobody else's meanwhile.
            read[id(trial)] = known if known and known[0] is trial else (trial, self._row(trial))
        self._read = read
        found = [(trial, row) for trial, row in read.values() if row is not None]
        return [trial for trial, _ in found], self._stacked([row for _, row in found])

    def running(self, trials: Sequence[FrozenTrial]) -> Levels:
        """Rows ``(N, D)`` of those that are of this space."""
        return self._stacked([row for row in map(self._row, trials) if row is not None])

    def _stacked(self, rows: list[bytes]) -> Levels:
        return np.frombuffer(b"".join(rows), dtype=np.int64).reshape(len(rows), len(self.parameters))

    def _row(self, trial: FrozenTrial) -> bytes | None:
        """Its levels; None where it has not all parameters, or values outside the ranges asked for now."""
        values = trial.params
        if not all(p.name in values and p.contains(values[p.name]) for p in self.parameters):
            return None
        levels = [parameter.level(values[parameter.name]) for parameter in self.parameters]
        return np.array(levels, dtype=np.int64).tobytes()


def _range(distribution: BaseDistribution) -> tuple[float, float, float | None, bool]:
    """Lowest and highest value, step or None, and whether the scale is logarithmic."""
    if not isinstance(distribution, FloatDistribution | IntDistribution):
        raise UsageError(
            f"GenerativeSampler: {type(distribution).__name__} is not known; use float, int or categorical."
        )
    return distribution.low, distribution.high, distribution.step, distribution.log
