"""In which order a study has its candidates: the part of 1_r that only training tells, then loss, then U."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attendnets.cost import cost
from attendnets.exploration.entry import Entry
from attendnets.exploration.evaluation import ShortTraining
from attendnets.exploration.objective import Objective
from attendnets.statistics import wilson_interval

EQUAL = 0.25
"""Standard errors of the lowest validation loss within which two networks count as equally good."""


@dataclass(frozen=True)
class Ranking:
    """Orders candidates that were trained on the same rung, with ``objective`` as U.

    ``floor_percent`` is the top-1 that is required, where one is. It counts on ``last_rung`` alone: shorter
    trainings are less accurate by nature.
    """

    objective: Objective
    last_rung: int
    floor_percent: float | None = None

    def ranked(self, entries: Sequence[Entry], rung: int) -> list[Entry]:
        """Best first. Those that are short of the floor come behind the others, as far as noise lets it tell.

        Short is whose 95 % interval (Wilson) lies under the floor or, where nobody reaches it, under the
        highest accuracy. The others are ordered by loss, those that are short by this same rule.
        """
        short = self._short(entries, rung)
        kept = [entry for entry in entries if entry.number not in short]
        behind = [entry for entry in entries if entry.number in short]
        return [*self._by_loss(kept, rung), *(self.ranked(behind, rung) if behind else ())]

    def _short(self, entries: Sequence[Entry], rung: int) -> frozenset[int]:
        if self.floor_percent is None or rung != self.last_rung or not entries:
            return frozenset()
        bar = min(self.floor_percent, max(entry.results[rung].top1_percent for entry in entries))
        return frozenset(entry.number for entry in entries if _at_most_percent(entry.results[rung]) < bar)

    def _by_loss(self, entries: Sequence[Entry], rung: int) -> list[Entry]:
        """Within ``EQUAL`` standard errors of the lowest loss all are equally good: U decides.

        The others follow by loss.
        """
        if not entries:
            return []
        top = min((entry.results[rung] for entry in entries), key=lambda result: result.loss)
        margin = EQUAL * top.loss_error

        def key(entry: Entry) -> tuple[bool, float, int]:
            loss = entry.results[rung].loss
            near = loss <= top.loss + margin
            return (not near, -merit(self.objective, entry, rung) if near else loss, entry.number)

        return sorted(entries, key=key)


def merit(objective: Objective, entry: Entry, rung: int) -> float:
    """U of a candidate by its training on ``rung``."""
    price = cost(entry.spec)
    return objective.merit(entry.results[rung].top1_percent, price.parameters, price.macs)


def _at_most_percent(result: ShortTraining) -> float:
    """The upper end of the accuracy's 95 % interval."""
    return wilson_interval(round(result.top1_percent * result.images / 100), result.images)[1]
