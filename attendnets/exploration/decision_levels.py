"""Points of a space as whole numbers: row i of an array ``(N, D)`` holds the level of each decision.

Letters: N points, D decisions, F features of the encoding.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from attendnets.errors import UsageError

Levels: TypeAlias = npt.NDArray[np.int64]
Reals: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Decision:
    """How many levels a decision has, and whether neighbouring ones are alike (widths: yes; kinds: no)."""

    levels: int
    ordered: bool

    def __post_init__(self) -> None:
        if self.levels < 1:
            raise UsageError(f"Decision: levels is {self.levels}; it must be at least 1.")

    @property
    def features(self) -> int:
        """Columns of the encoding."""
        return self.levels - 1 if self.ordered else self.levels

    def encoded(self) -> Reals:
        """A row a level, ``(levels, features)``, whose squared distances are how far levels are apart.

        Unordered ones are 1 apart, neighbours of n ordered ones 1 / (n - 1).
        """
        if not self.ordered:
            rows: Reals = np.eye(self.levels) / np.sqrt(2.0)
        else:
            rows = np.tri(self.levels, self.levels - 1, -1) / np.sqrt(max(1, self.levels - 1))
        return rows


@dataclass(frozen=True)
class Encoding:
    """What the levels of all ``decisions`` are in numbers. L: the most levels that a decision has."""

    decisions: tuple[Decision, ...]

    @cached_property
    def most(self) -> int:
        """L."""
        return max(decision.levels for decision in self.decisions)

    @cached_property
    def table(self) -> Reals:
        """The features of all decisions side by side, ``(L, F)``; 0 beyond a decision's own levels."""
        return np.concatenate(
            [
                np.pad(decision.encoded(), ((0, self.most - decision.levels), (0, 0)))
                for decision in self.decisions
            ],
            axis=1,
        )

    @cached_property
    def owners(self) -> Levels:
        """The decision that each of the F features is of."""
        return np.repeat(np.arange(len(self.decisions)), [decision.features for decision in self.decisions])

    @cached_property
    def differences(self) -> Reals:
        """Squared distances between the levels of each decision, ``(D, L, L)``."""
        found = np.zeros((len(self.decisions), self.most, self.most))
        for own, decision in zip(found, self.decisions, strict=True):
            rows = decision.encoded()
            own[: decision.levels, : decision.levels] = ((rows[:, None] - rows[None]) ** 2).sum(2)
        return found

    def features(self, points: Levels) -> Reals:
        """``(N, F)`` of ``points`` ``(N, D)``: squared distances between rows sum up ``differences``."""
        return np.take_along_axis(self.table, points[:, self.owners], axis=0)

    def shares(self, weights: Reals) -> Reals:
        """What each level adds to the sums of features by ``weights`` ``(F, Q)``: ``(D, L, Q)``."""
        is_own = (self.owners == np.arange(len(self.decisions))[:, None]).astype(np.float64)
        found: Reals = np.einsum("df,lf,fq->dlq", is_own, self.table, weights, optimize=True)
        return found

    def rows(self, points: Levels, kind: float, effects: Reals) -> Reals:
        """Features ``(N, F + D)`` of ``points`` ``(N, D)``.

        Squared distances between rows are ``kind`` times the sum of ``differences``, and the squared
        differences of ``effects`` ``(L, D)`` added to that.
        """
        levels = np.take_along_axis(effects, points, axis=0)
        return np.concatenate([self.features(points) * np.sqrt(kind), levels], axis=1)

    def marks(self, points: Levels) -> Reals:
        """1 at the levels that ``points`` ``(N, D)`` have, 0 at the others: ``(N, D, L)``."""
        marked: Reals = (points[:, :, None] == np.arange(self.most)).astype(np.float64)
        return marked
