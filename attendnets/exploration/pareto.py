"""Several objectives as one merit, whose weights each proposal draws anew.

Successive proposals follow different compromises and so find the whole Pareto front (ParEGO, Knowles 2006).

Letters: M points that were tried, F points of a front, K objectives.
"""

from __future__ import annotations

import numpy as np

from attendnets.exploration.decision_levels import Levels, Reals

_LEAST = -1e100
SUM_SHARE = 0.05
"""How much the weighted sum counts beside the worst objective: of points equal in that, the better wins."""
MOST = 1e80
"""A merit of this size or more is none: nothing was measured, or it is far from what is asked for."""


def front(merits: Reals) -> Levels:
    """Rows ``(F,)`` of ``merits`` ``(M, K)``, higher is better, that no other row equals or exceeds."""
    rows = np.argsort(-merits.sum(1), kind="stable")
    ahead = []
    while len(rows):
        first, rows = rows[0], rows[1:]
        ahead.append(first)
        rows = rows[(merits[rows] > merits[first]).any(1)]
    return np.sort(np.array(ahead, dtype=np.int64))


def compromise(merits: Reals, rng: np.random.Generator) -> Reals:
    """``merits`` ``(M, K)``, higher is better, as one ``(M,)``: how far the worst objective is from its best.

    That is the augmented Chebyshev distance, with weights drawn evenly among all that sum to 1, in units of
    the range that an objective has on the front: what was tried away from it changes no unit, nor does a
    merit beyond :data:`MOST`.
    """
    weights = rng.dirichlet(np.ones(merits.shape[1]))
    if not len(merits):
        return np.zeros(0)
    measured = merits[(np.abs(merits) < MOST).all(1)]
    ahead = measured[front(measured)] if len(measured) else np.zeros((1, merits.shape[1]))
    best, span = ahead.max(0), np.ptp(ahead, axis=0)
    behind = weights * (best - merits.clip(_LEAST, best)) / np.where(span > 0.0, span, 1.0)
    merit: Reals = -(behind.max(1) + SUM_SHARE * behind.sum(1))
    return merit
