"""In which order a study has its candidates: by loss, and by U among those that loss cannot tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attendnets.cost import cost
from attendnets.exploration.entry import Entry
from attendnets.exploration.objective import Objective

EQUAL = 0.25
"""Standard errors of the lowest validation loss within which two networks count as equally good."""


@dataclass(frozen=True)
class Ranking:
    """Orders candidates that were trained on the same rung, with ``objective`` as U."""

    objective: Objective

    def ranked(self, entries: Sequence[Entry], rung: int) -> list[Entry]:
        """Best first. Within ``EQUAL`` standard errors of the lowest loss all are equally good: U decides.

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
