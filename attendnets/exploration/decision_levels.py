"""Points of a space as whole numbers: row i of an array ``(N, D)`` holds the level of each decision.

Letters: N points, D decisions, F features of the encoding, G features that families share,
T levels of all decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from attendnets.errors import UsageError

Levels: TypeAlias = npt.NDArray[np.int64]
Reals: TypeAlias = npt.NDArray[np.float64]


class Rows(Protocol):
    """Points ``(N, D)``, whether they lie in an array or are read when somebody asks for them."""

    def __len__(self) -> int:
        """N."""

    def __getitem__(self, places: Levels, /) -> Levels:
        """Those at ``places`` ``(K,)``, as an array ``(K, D)``."""


@dataclass(frozen=True)
class Decision:
    """How many levels a decision has, and whether neighbouring ones are alike (widths: yes; kinds: no).

    Decisions of one ``family`` have the same levels with the same meaning, as the kinds of several stages do;
    those without one are on their own.
    """

    levels: int
    ordered: bool
    family: str = ""

    def __post_init__(self) -> None:
        if self.levels < 1:
            raise UsageError(f"Decision: levels is {self.levels}; it must be at least 1.")

    @property
    def features(self) -> int:
        """Columns of the encoding."""
        return self.levels - 1 if self._is_line else self.levels

    def encoded(self) -> Reals:
        """A row a level, ``(levels, features)``, whose squared distances are how far levels are apart.

        Unordered ones are 1 apart, neighbours of n ordered ones 1 / (n - 1).
        """
        if not self._is_line:
            rows: Reals = np.eye(self.levels) / np.sqrt(2.0)
        else:
            rows = np.tri(self.levels, self.levels - 1, -1) / np.sqrt(max(1, self.levels - 1))
        return rows

    @property
    def _is_line(self) -> bool:
        """Whether distances are those of a line: of two levels they are, ordered or not."""
        return self.ordered or self.levels == 2


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
    def shared(self) -> Reals:
        """What sums up the features of each family of several decisions, level by level: ``(F, G)``."""
        sums = []
        for family in sorted({decision.family for decision in self.decisions} - {""}):
            members = [d for d, decision in enumerate(self.decisions) if decision.family == family]
            if len({self.decisions[d] for d in members}) > 1:
                raise UsageError(f"Encoding: decisions of the family {family} differ in their levels.")
            if len(members) > 1:
                each = np.eye(self.decisions[members[0]].features)
                total = np.zeros((len(self.owners), len(each)))
                for d in members:
                    total[self.owners == d] = each
                sums.append(total)
        return np.concatenate([np.zeros((len(self.owners), 0)), *sums], axis=1)

    def features(self, points: Levels) -> Reals:
        """``(N, F)`` of ``points`` ``(N, D)``: squared distances between rows add up those of decisions."""
        # Taken from the flat table, which is twice as fast as along an axis.
        columns = len(self.owners)
        # In place: arrays of this size are slow to come by.
        places = points[:, self.owners]
        places *= columns
        places += np.arange(columns)
        found: Reals = self.table.ravel().take(places)
        return found

    def shares(self, weights: Reals) -> Reals:
        """What each level adds to the sums of features by ``weights`` ``(F, Q)``: ``(D, L, Q)``."""
        is_own = (self.owners == np.arange(len(self.decisions))[:, None]).astype(np.float64)
        found: Reals = np.einsum("df,lf,fq->dlq", is_own, self.table, weights, optimize=True)
        return found

    def rows(self, points: Levels, share: float) -> Reals:
        """``(N, F + G)`` of ``points`` ``(N, D)``: features, and what families have in common.

        To the squared distances between features those between the sums of each family are added, ``share``
        times: so networks are the more alike if they decide alike, be it in other places.
        """
        features = self.features(points)
        return np.concatenate([features, features @ (self.shared * np.sqrt(share))], axis=1)

    @cached_property
    def each_level(self) -> tuple[Levels, Levels]:
        """The decision ``(T,)`` and the level ``(T,)`` of all T levels, decision by decision."""
        counts = [decision.levels for decision in self.decisions]
        levels = np.concatenate([np.arange(count) for count in counts])
        return np.repeat(np.arange(len(counts)), counts), levels

    @cached_property
    def sums(self) -> Reals:
        """What each of T levels adds to the sums of features of its family: ``(T, G)``."""
        decisions, levels = self.each_level
        found: Reals = (self.table[levels] * (self.owners == decisions[:, None])) @ self.shared
        return found

    @cached_property
    def apart(self) -> Reals:
        """Squared distances between the features of levels, ``(T, L)``; 0 beyond a decision's own levels."""
        return np.concatenate(
            [
                np.pad(((own[:, None] - own) ** 2).sum(2), ((0, 0), (0, self.most - len(own))))
                for own in (decision.encoded() for decision in self.decisions)
            ]
        )
