"""Points of a design space as rows of whole numbers, and what is known of them as merits.

Letters: M points that were tried, D decisions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from attendnets.exploration.decision_levels import Decision, Levels, Reals
from attendnets.exploration.decisions import Decisions, Space, Value


@dataclass(frozen=True)
class Finished:
    """A point with what is known of it; points are given best first, those that failed last.

    ``number`` is its place in the order of trial, ``top1_percent`` on validation images of its last training.
    """

    decisions: Mapping[str, Value]
    digest: str
    number: int
    top1_percent: float | None = None


@dataclass(frozen=True)
class SpaceLevels:
    """The level of a decision is the place of its value among the choices of ``space``."""

    space: Space

    @cached_property
    def of_each(self) -> tuple[Decision, ...]:
        """How many levels each decision has, in the space's order; numbers are ordered, names are not."""
        return tuple(
            Decision(len(values), ordered=isinstance(values[0], int | float))
            for values in self.space.choices().values()
        )

    def decisions(self, levels: Levels) -> Decisions:
        """The point of a row ``(D,)``."""
        choices = self.space.choices()
        return {name: choices[name][int(level)] for name, level in zip(choices, levels, strict=True)}

    def history(self, finished: Sequence[Finished]) -> tuple[Levels, Reals]:
        """Rows ``(M, D)`` and merits ``(M,)`` in the order of trial; the best has the highest merit.

        Idle decisions have level 0: they tell nothing.
        """
        choices = self.space.choices()
        ranks = sorted(range(len(finished)), key=lambda rank: finished[rank].number)
        points = [self.space.canonical(finished[rank].decisions) for rank in ranks]
        rows = [[values.index(point[name]) for name, values in choices.items()] for point in points]
        tried = np.array(rows, dtype=np.int64).reshape(len(rows), len(choices))
        return tried, -np.array(ranks, dtype=np.float64)
