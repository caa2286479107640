"""Accuracies come with an honest interval, and two networks are compared image by image."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendnets.errors import UsageError
from attendnets.statistics import PairedTest, paired_test, wilson_interval


def test_the_interval_is_the_published_one() -> None:
    # Newcombe 1998, table I: 81 of 263 and 15 of 148.
    assert wilson_interval(81, 263) == pytest.approx((25.53, 36.62), abs=0.01)
    assert wilson_interval(15, 148) == pytest.approx((6.24, 16.05), abs=0.01)


def test_no_image_right_or_all_right_still_has_an_interval() -> None:
    assert wilson_interval(0, 20) == (0.0, pytest.approx(16.11, abs=0.01))
    assert wilson_interval(20, 20) == (pytest.approx(83.89, abs=0.01), 100.0)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_contains_the_accuracy_and_stays_within_0_and_100(case: tuple[int, int]) -> None:
    correct, images = case
    lower, upper = wilson_interval(correct, images)
    assert 0 <= lower <= 100 * correct / images <= upper <= 100
    assert lower < upper


def test_more_images_and_less_confidence_narrow_the_interval() -> None:
    def width(interval: tuple[float, float]) -> float:
        return interval[1] - interval[0]

    assert width(wilson_interval(800, 1000)) < width(wilson_interval(80, 100))
    assert width(wilson_interval(80, 100, confidence=0.8)) < width(wilson_interval(80, 100))


@pytest.mark.parametrize(
    ("correct", "images", "confidence"), [(0, 0, 0.95), (5, 4, 0.95), (-1, 4, 0.95), (1, 4, 1.0)]
)
def test_impossible_counts_are_refused(correct: int, images: int, confidence: float) -> None:
    with pytest.raises(UsageError):
        wilson_interval(correct, images, confidence)


def test_the_paired_test_is_the_exact_binomial_one() -> None:
    # 1 against 6 discordant images: 2 * (C(7,0) + C(7,1)) / 2^7 = 0.125.
    first = np.array([True] * 6 + [False] + [True] * 13)
    second = np.array([False] * 6 + [True] + [True] * 13)
    test = paired_test(first, second)
    assert test == PairedTest(
        images=20, only_first=6, only_second=1, difference_percent=25.0, p_value=test.p_value
    )
    assert test.p_value == pytest.approx(0.125)


def test_networks_that_err_on_the_same_images_do_not_differ() -> None:
    right = [True, False, True, False]
    assert paired_test(right, right).p_value == 1.0


def test_thousands_of_discordant_images_do_not_overflow() -> None:
    first = np.array([True] * 6000 + [False] * 4000)
    result = paired_test(first, ~first)
    assert math.isfinite(result.p_value)
    assert result.p_value < 1e-60


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_swapping_the_networks_changes_the_sign_alone(verdicts: list[tuple[bool, bool]]) -> None:
    first, second = zip(*verdicts, strict=True)
    forward, backward = paired_test(first, second), paired_test(second, first)
    assert forward.p_value == backward.p_value
    assert forward.difference_percent == -backward.difference_percent


def test_unequal_or_empty_lists_are_refused() -> None:
    with pytest.raises(UsageError, match="same images"):
        paired_test([True], [True, False])
    with pytest.raises(UsageError, match="at least one"):
        paired_test([], [])
