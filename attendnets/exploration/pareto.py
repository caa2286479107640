"""Several objectives as one merit, whose weights each proposal draws anew.

Successive proposals follow different compromises and so find the whole Pareto front (ParEGO, Knowles 2006).
Objectives enter as normal quantiles of their ranks: none needs a scale, and none can drown the others.

Letters: M points that were tried, K objectives.
"""

from __future__ import annotations

import numpy as np

from attendnets.exploration.decision_levels import Reals
from attendnets.exploration.inquisitor import normal_ranks

SUM_SHARE = 0.05
"""How much the weighted sum counts beside the worst objective, so that of equally bad ones the better wins."""


def compromise(merits: Reals, rng: np.random.Generator) -> Reals:
    """``merits`` ``(M, K)``, higher is better, as one ``(M,)``: how far the worst objective is from its best.

    That is the augmented Chebyshev distance with weights drawn evenly among all that sum to 1.
    """
    weights = rng.dirichlet(np.ones(merits.shape[1]))
    ranks = np.stack([normal_ranks(column) for column in merits.T], axis=1)
    behind = weights * (ranks.max(0, initial=0.0) - ranks)
    return -(behind.max(1) + SUM_SHARE * behind.sum(1))
