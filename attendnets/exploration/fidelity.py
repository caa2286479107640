"""How well a short training tells what a longer one will say: rank correlations between rungs.

A low one means that too few epochs decide who goes on. Only the best third of a rung reaches the next, and
such a choice narrows the differences: over all candidates the correlation is likely to be higher.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import NormalDist

from scipy.stats import spearmanr

from attendnets.exploration.evaluation import ShortTraining
from attendnets.exploration.record import RankCorrelation

LEAST_FOR_CORRELATION, LEAST_FOR_INTERVAL = 3, 4
_SPEARMAN = 1.06
"""Variance of Fisher's z, times n - 3, for a rank correlation (Fieller, Hartley and Pearson, 1957)."""
_DIGITS = 4


def fidelities(
    candidates: Sequence[Mapping[int, ShortTraining]], rung_epochs: Sequence[int]
) -> tuple[RankCorrelation, ...]:
    """Of each two rungs that one of ``candidates`` was trained on both; those with the highest come first.

    ``candidates``: rung to result, one each.
    """
    found = []
    for higher, lower in combinations(reversed(range(len(rung_epochs))), 2):
        both = [results for results in candidates if higher in results and lower in results]
        if both:
            shorter, longer = ([results[rung].loss for results in both] for rung in (lower, higher))
            found.append(rank_correlation(shorter, longer, rung_epochs[lower], rung_epochs[higher]))
    return tuple(found)


def rank_correlation(
    losses: Sequence[float], longer_losses: Sequence[float], epochs: int, longer_epochs: int
) -> RankCorrelation:
    """Of networks' losses after ``epochs`` and, in the same order, after ``longer_epochs``.

    None of it is known of fewer than three networks or where all losses are equal, no interval of three.
    """
    networks = len(losses)
    if networks < LEAST_FOR_CORRELATION or min(len(set(losses)), len(set(longer_losses))) < 2:
        return RankCorrelation(epochs, longer_epochs, networks, None, None)
    correlation = float(spearmanr(losses, longer_losses).statistic)
    return RankCorrelation(
        epochs,
        longer_epochs,
        networks,
        round(correlation, _DIGITS),
        _interval(correlation, networks) if networks >= LEAST_FOR_INTERVAL else None,
    )


def _interval(correlation: float, networks: int) -> tuple[float, float]:
    """By Fisher's z, which knows no doubt of a perfect order, though that of a few networks may be luck.

    There, halfway to the next value that so many ranks can have stands for it.
    """
    half_step = 6.0 / (networks * (networks**2 - 1))
    z = math.atanh(max(-1.0 + half_step, min(1.0 - half_step, correlation)))
    half = NormalDist().inv_cdf(0.975) * math.sqrt(_SPEARMAN / (networks - 3))
    lower, upper = round(math.tanh(z - half), _DIGITS), round(math.tanh(z + half), _DIGITS)
    perfect = 1.0 - half_step
    return -1.0 if correlation < -perfect else lower, 1.0 if correlation > perfect else upper
