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
    rows = Encoding(DECISIONS).rows(POINTS, 1.0, np.zeros((3, 2)))
    assert np.allclose(squared_distances(rows)[0], [0.0, 2.0, 1.0])
    differences = Encoding(DECISIONS).differences
    assert np.allclose(differences[0, :2, :2], [[0.0, 1.0], [1.0, 0.0]])
    assert np.allclose(differences[1], [[0.0, 0.5, 1.0], [0.5, 0.0, 0.5], [1.0, 0.5, 0.0]])


def test_effects_of_levels_add_to_the_distance_of_rows() -> None:
    effects = np.array([[0.0, 1.0], [3.0, 0.0], [0.0, -1.0]])
    rows = Encoding(DECISIONS).rows(POINTS, 0.5, effects)
    assert np.allclose(squared_distances(rows)[0], [0.0, 0.5 * 2 + 9.0 + 4.0, 0.5 * 1 + 4.0])


def test_marks_tell_the_level_of_each_decision() -> None:
    marks = Encoding(DECISIONS).marks(POINTS)
    assert marks.shape == (3, 2, 3)
    assert np.array_equal(marks.argmax(2), POINTS)
    assert (marks.sum(2) == 1.0).all()


def test_a_decision_needs_a_level() -> None:
    with pytest.raises(UsageError, match="at least 1"):
        Decision(0, ordered=True)
