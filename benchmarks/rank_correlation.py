"""How well one figure of networks orders them as another does, and how sure that is.

Letters: N networks. Arrays may have leading axes, such as one for resamples of the networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Reals: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]

DRAWS = 4000


def spearman(first: Reals, second: Reals) -> Reals:
    """Spearman's rank correlation of two ``(..., N)``, ties at their mean rank; 0 where one is constant."""
    ranks = np.stack([_centred_ranks(first), _centred_ranks(second)])
    lengths = np.sqrt((ranks**2).sum(-1)).prod(0)
    products = ranks.prod(0).sum(-1)
    return np.asarray(np.where(lengths > 0.0, products / np.where(lengths > 0.0, lengths, 1.0), 0.0))


def within(groups: Rows, values: Reals) -> Reals:
    """``values`` ``(..., N)`` less the mean of their group: what tells the members of a group apart."""
    together = groups[..., :, None] == groups[..., None, :]
    means = (together * values[..., None, :]).sum(-1) / together.sum(-1)
    return np.asarray(values - means)


def bootstrapped(statistic: Callable[[Rows], Reals], networks: int, seed: int) -> dict[str, Any]:
    """``statistic`` of all rows, and its 95 % percentile interval over resampled ``networks``.

    ``statistic`` takes rows ``(..., N)`` to one value for each leading index. The same ``seed`` draws the
    same networks for every statistic.
    """
    draws = statistic(np.random.default_rng(seed).integers(networks, size=(DRAWS, networks)))
    low, high = np.percentile(draws, [2.5, 97.5])
    return {"value": float(statistic(np.arange(networks))), "interval": [float(low), float(high)]}


def _centred_ranks(values: Reals) -> Reals:
    """Half of how many are less, less how many are more: ranks whose mean is 0."""
    others = values[..., None, :]
    return np.asarray((np.sign(values[..., :, None] - others)).sum(-1) / 2.0)
