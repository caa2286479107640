"""How well one figure of networks orders them as another does, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

Reals: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]

DRAWS = 4000


def spearman(first: Reals, second: Reals) -> float:
    """Spearman's rank correlation of two ``(N,)``, ties at their mean rank; 0 where one is constant."""
    ranks = np.stack([rankdata(first), rankdata(second)])
    centred = ranks - ranks.mean(1, keepdims=True)
    norms = np.sqrt((centred**2).sum(1))
    if not norms.all():
        return 0.0
    return float(centred[0] @ centred[1] / norms.prod())


def within(groups: Rows, values: Reals) -> Reals:
    """``values`` ``(N,)`` less the mean of their group: what tells the members of a group apart."""
    means = {int(group): float(values[groups == group].mean()) for group in np.unique(groups)}
    return values - np.array([means[int(group)] for group in groups])


def bootstrapped(statistic: Callable[[Rows], float], networks: int, seed: int) -> dict[str, Any]:
    """``statistic`` of all rows, and its 95 % percentile interval over resampled ``networks``.

    The same ``seed`` draws the same networks for every statistic.
    """
    rng = np.random.default_rng(seed)
    draws = [statistic(rng.integers(networks, size=networks)) for _ in range(DRAWS)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return {"value": statistic(np.arange(networks)), "interval": [float(low), float(high)]}
