"""Points of a space as whole numbers: row i of an array ``(N, D)`` holds the level of each decision.

Letters: N points, D decisions, F features of the encoding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    """Points to rows of features, a table of levels for each decision."""

    decisions: tuple[Decision, ...]

    @staticmethod
    def rows(points: Levels, tables: Sequence[Reals]) -> Reals:
        """Features ``(N, F)`` of ``points`` ``(N, D)``; ``tables``: ``(levels, features)`` a decision."""
        return np.concatenate([table[points[:, d]] for d, table in enumerate(tables)], axis=1)
