"""Which decisions mattered, for U and for the requirements, as the inquisitor learned it.

For U: what it expects of a decision's best value over its worst. For each requirement that costs tell: by how
much the value that adds most exceeds the one that adds least.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from attendnets.exploration.decision_levels import Encoding
from attendnets.exploration.excess import ExcessModel
from attendnets.exploration.inquisitor import Inquisitor
from attendnets.exploration.record import Driver, Influence
from attendnets.exploration.space_levels import Finished, SpaceLevels

LEAST_POINTS = 4
"""Fewer candidates tell nothing of dozens of decisions."""
MOST_REFERENCES = 32
"""Points that are probed."""
DRIVERS_TOLD = 10
"""Of each requirement, those that drive it most."""
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


def drivers(levels: SpaceLevels, model: ExcessModel | None, gates: Sequence[str]) -> tuple[Driver, ...]:
    """What ``model`` learned of each of ``gates``, the decisions that drive it most first."""
    if model is None:
        return ()
    found = []
    for gate, requirement in enumerate(gates):
        own = []
        for (name, values), shares in zip(levels.choices.items(), model.shares[:, :, gate], strict=True):
            known = shares[: len(values)]
            least, most = int(known.argmin()), int(known.argmax())
            excess = round(float(known[most] - known[least]), _DIGITS)
            if excess > 0.0:
                own.append(Driver(requirement, name, values[least], values[most], excess))
        found += sorted(own, key=lambda item: -item.excess)[:DRIVERS_TOLD]
    return tuple(found)
