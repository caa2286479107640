"""Uncertainty of accuracies: an interval for one network, a paired test for two on the same images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from attendnets.errors import UsageError


def wilson_interval(correct: int, images: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of an accuracy, in percent: ``(lower, upper)``.

    Unlike the normal approximation it stays within 0..100 and is honest at the ends and for few images.
    Raises UsageError for no images, ``correct`` outside 0..``images`` or a confidence outside (0, 1).
    """
    if images < 1:
        raise UsageError("An accuracy needs at least one image; none was given. Check the split's size.")
    if not 0 <= correct <= images:
        raise UsageError(f"{correct} correct of {images} images is impossible: give 0 to {images}.")
    if not 0.0 < confidence < 1.0:
        raise UsageError(
            f"Confidence {confidence} is no probability: give one between 0 and 1, such as 0.95."
        )
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = correct / images
    spread = 1 + z * z / images
    middle = (share + z * z / (2 * images)) / spread
    half = z / spread * math.sqrt(share * (1 - share) / images + z * z / (4 * images * images))
    # At the ends the formula's exact value is 0 or 1; rounding must not say otherwise.
    lower = 0.0 if correct == 0 else 100 * (middle - half)
    upper = 100.0 if correct == images else 100 * (middle + half)
    return lower, upper


@dataclass(frozen=True)
class PairedTest:
    """McNemar's exact test of two networks on the same images.

    ``only_first`` images were right with the first network alone, ``only_second`` with the second alone;
    ``difference_percent`` is the first's accuracy minus the second's, in points;
    ``p_value`` is two-sided: how likely a split at least as uneven is when both are equally good.
    """

    images: int
    only_first: int
    only_second: int
    difference_percent: float
    p_value: float


def paired_test(
    first_correct: Sequence[bool] | npt.NDArray[np.bool_],
    second_correct: Sequence[bool] | npt.NDArray[np.bool_],
) -> PairedTest:
    """Compare two networks by which images each one got right, ``(N,)`` in the same order.

    Exact (binomial) at any number of images. Raises UsageError for no images or unequal lengths.
    """
    first, second = np.asarray(first_correct, dtype=bool), np.asarray(second_correct, dtype=bool)
    if first.shape != second.shape or first.ndim != 1:
        raise UsageError(
            f"A paired test needs the same images twice: got shapes {first.shape} and {second.shape}. "
            "Give one verdict per image for each network, in the same order."
        )
    if first.size == 0:
        raise UsageError("A paired test needs at least one image; none was given.")
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    return PairedTest(
        images=int(first.size),
        only_first=only_first,
        only_second=only_second,
        difference_percent=100 * (only_first - only_second) / int(first.size),
        p_value=_two_sided_binomial(min(only_first, only_second), only_first + only_second),
    )


def _two_sided_binomial(fewer: int, trials: int) -> float:
    """Probability that a fair coin splits ``trials`` throws at least as unevenly as ``fewer`` to the rest."""
    if 2 * fewer >= trials:
        return 1.0
    # Logarithms: the coefficients themselves overflow from about a thousand discordant images.
    log_whole = trials * math.log(2)
    tail = math.fsum(
        math.exp(math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1) - log_whole)
        for k in range(fewer + 1)
    )
    return min(1.0, 2 * tail)
