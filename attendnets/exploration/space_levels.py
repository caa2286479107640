"""Points of a design space as rows of whole numbers, and what is known of them as merits.

Letters: N points, M points that were tried, D decisions, Q gates.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter

import numpy as np

from attendnets.exploration.decision_levels import Decision, Levels, Reals, Rows
from attendnets.exploration.decisions import Decisions, Space, Value
from attendnets.exploration.screening import Screen


@dataclass(frozen=True, slots=True)
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
    _rows: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def choices(self) -> dict[str, tuple[Value, ...]]:
        """Every decision's name and values, in the space's order."""
        return self.space.choices()

    @cached_property
    def of_each(self) -> tuple[Decision, ...]:
        """How many levels each decision has, in the space's order; numbers are ordered, names are not.

        Decisions among the same values are a family.
        """
        return tuple(
            Decision(len(values), ordered=isinstance(values[0], int | float), family=repr(values))
            for values in self.choices.values()
        )

    def decisions(self, levels: Levels) -> Decisions:
        """The point of a row ``(D,)``."""
        pairs = zip(self.choices.items(), levels, strict=True)
        return {name: values[int(level)] for (name, values), level in pairs}

    def excesses(self, points: Levels, screen: Screen) -> Reals:
        """Of the networks of ``points`` ``(N, D)`` over the gates of ``screen``: ``(N, Q)``, NaN if none."""
        unknown = (math.nan,) * len(screen.gates)
        networks = (self.space.network(self.decisions(point)) for point in points)
        rows = [screen.excesses(network) or unknown for network in networks]
        return np.array(rows).reshape(len(points), len(screen.gates))

    def history(self, finished: Sequence[Finished]) -> tuple[Rows, Reals]:
        """Rows ``(M, D)`` and merits ``(M,)`` in the order of trial; the best has the highest merit.

        Idle decisions have level 0: they tell nothing.
        """
        numbers = np.fromiter(map(attrgetter("number"), finished), dtype=np.int64, count=len(finished))
        ranks = np.argsort(numbers)
        return _Tried(self, finished, ranks), -ranks.astype(np.float64)

    def rows(self, points: Iterable[Finished]) -> Levels:
        """``(N, D)``; those of a network are kept, for a study asks for the same ones every time."""
        found = []
        for point in points:
            row = self._rows.get(point.digest)
            if row is None:
                row = self._rows[point.digest] = self._row(point)
            found.append(row)
        return np.frombuffer(b"".join(found), dtype=np.int64).reshape(len(found), len(self.choices))

    def _row(self, item: Finished) -> bytes:
        point = self.space.canonical(item.decisions)
        levels = [values.index(point[name]) for name, values in self.choices.items()]
        return np.array(levels, dtype=np.int64).tobytes()


@dataclass(frozen=True)
class _Tried:
    """Points in the order of trial, read when they are asked for: of a long study few are.

    ``ranks`` ``(M,)``: where in ``finished`` each is.
    """

    levels: SpaceLevels
    finished: Sequence[Finished]
    ranks: Levels

    def __len__(self) -> int:
        return len(self.ranks)

    def __getitem__(self, places: Levels, /) -> Levels:
        return self.levels.rows(self.finished[rank] for rank in self.ranks[places])
