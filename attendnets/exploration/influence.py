"""Which decisions mattered: what the inquisitor expects of a decision's best value over its worst."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from attendnets.exploration.decision_levels import Encoding
from attendnets.exploration.inquisitor import MOST_REFERENCES, Inquisitor
from attendnets.exploration.record import Influence
from attendnets.exploration.space_levels import Finished, SpaceLevels

LEAST_POINTS = 4
"""Fewer candidates tell nothing of dozens of decisions."""
_DIGITS = 4


def influences(levels: SpaceLevels, finished: Sequence[Finished]) -> tuple[Influence, ...]:
    """What ``finished``, best first, tells of each decision that took more than one value.

    Those that matter most, beside their error, come first.
    """
    if len(finished) < LEAST_POINTS:
        return ()
    tried, merits = levels.history(finished)
    inquisitor = Inquisitor(Encoding(levels.of_each), tried, merits)
    references = inquisitor.tried[-MOST_REFERENCES:]
    reactions = inquisitor.probe(references)
    found = []
    for number, (name, values) in enumerate(levels.space.choices().items()):
        used = np.unique(inquisitor.tried[:, number])
        if len(used) < 2:
            continue
        reaction = reactions[number][used]
        best, worst = int(used[reaction.argmax()]), int(used[reaction.argmin()])
        at_best, at_worst = references.copy(), references.copy()
        at_best[:, number], at_worst[:, number] = best, worst
        gain, error = inquisitor.contrast(at_best, at_worst)
        found.append(
            Influence(name, values[best], values[worst], round(gain, _DIGITS), round(error, _DIGITS))
        )
    return tuple(sorted(found, key=lambda item: -item.gain / max(item.error, 1e-9)))
