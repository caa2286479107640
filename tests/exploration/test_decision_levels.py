"""Decisions as rows of numbers."""

from __future__ import annotations

import numpy as np
import pytest

from attendnets.errors import UsageError
from attendnets.exploration.decision_levels import Decision, Encoding


def squared_distances(rows: np.ndarray) -> np.ndarray:
    return np.asarray(((rows[:, None] - rows[None]) ** 2).sum(2))


def test_unordered_levels_are_all_one_apart() -> None:
    assert np.allclose(squared_distances(Decision(4, ordered=False).encoded()), 1.0 - np.eye(4))


def test_ordered_levels_are_as_far_apart_as_their_steps() -> None:
    level = np.arange(5)
    expected = np.abs(level[:, None] - level) / 4
    assert np.allclose(squared_distances(Decision(5, ordered=True).encoded()), expected)


@pytest.mark.parametrize("ordered", [True, False])
def test_a_single_level_is_no_distance_from_itself(ordered: bool) -> None:
    assert np.allclose(squared_distances(Decision(1, ordered).encoded()), 0.0)


DECISIONS = (Decision(2, ordered=False), Decision(3, ordered=True))
POINTS = np.array([[0, 0], [1, 2], [0, 2]])


def test_rows_are_as_far_apart_as_their_decisions() -> None:
    rows = Encoding(DECISIONS).rows(POINTS, 1.0)
    assert np.allclose(squared_distances(rows)[0], [0.0, 2.0, 1.0])


FAMILY = tuple(Decision(3, ordered=False, family="kind") for _ in range(2))


def test_networks_that_decide_alike_in_other_places_are_nearer() -> None:
    swapped, other = squared_distances(Encoding(FAMILY).rows(np.array([[0, 1], [1, 0], [1, 2]]), 0.5))[0, 1:]
    # Both differ in two decisions; the second also chooses a 2 in the place of a 0: one difference of sums.
    assert swapped == pytest.approx(2.0)
    assert other == pytest.approx(2.0 + 0.5 * 1.0)


def test_sums_of_ordered_decisions_differ_by_their_steps() -> None:
    family = tuple(Decision(5, ordered=True, family="width") for _ in range(2))
    rows = Encoding(family).rows(np.array([[0, 0], [4, 4], [4, 0], [0, 4]]), 1.0)
    # Two decisions from end to end: 1 each, and 4 steps of (2 * sqrt(1 / 4))^2 between their sums.
    assert squared_distances(rows)[0, 1] == pytest.approx(2.0 + 4.0)
    assert squared_distances(rows)[2, 3] == pytest.approx(2.0)


@pytest.mark.parametrize("family", ["", "kind"])
def test_a_decision_on_its_own_shares_nothing(family: str) -> None:
    alone = Encoding((Decision(3, ordered=False, family=family), Decision(3, ordered=False)))
    assert alone.shared.shape == (6, 0)


def test_a_family_has_the_same_levels() -> None:
    mixed = (Decision(3, ordered=False, family="kind"), Decision(2, ordered=False, family="kind"))
    with pytest.raises(UsageError, match="family kind"):
        Encoding(mixed).rows(np.zeros((1, 2), dtype=np.int64), 1.0)


def test_sums_of_families_add_up_what_their_levels_add() -> None:
    encoding = Encoding((*FAMILY, Decision(4, ordered=True)))
    points = np.array([[0, 2, 3], [1, 1, 0]])
    decisions, levels = encoding.each_level
    assert decisions.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 2]
    assert levels.tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 3]
    places = points + np.array([0, 3, 6])
    shared = encoding.features(points) @ encoding.shared
    assert shared.shape == (2, 3)
    assert np.allclose(encoding.sums[places].sum(1), shared)


def test_how_far_levels_are_apart_is_how_far_their_features_are() -> None:
    encoding = Encoding((*FAMILY, Decision(4, ordered=True)))
    points = np.array([[0, 2, 3], [1, 2, 1]])
    [[_, distance], _] = squared_distances(encoding.features(points))
    # The first decision at its level 0 beside level 1, the third, whose rows start at 6, at 3 beside 1.
    assert distance == pytest.approx(encoding.apart[0, 1] + encoding.apart[6 + 3, 1])
    assert encoding.apart[3:6, 3].tolist() == [0.0, 0.0, 0.0]


def test_a_decision_needs_a_level() -> None:
    with pytest.raises(UsageError, match="at least 1"):
        Decision(0, ordered=True)
