"""Several objectives as one merit."""

from __future__ import annotations

import numpy as np
import pytest

from attendnets.exploration.pareto import MOST, compromise, front

FRONT = np.array([[0.0, 4.0], [1.0, 3.0], [2.0, 2.0], [3.0, 1.0], [4.0, 0.0]])


def test_the_front_is_what_nothing_exceeds_and_of_equal_rows_the_first() -> None:
    points = np.array([[0.0, 3.0], [2.0, 2.0], [1.0, 1.0], [2.0, 2.0], [3.0, 0.0], [3.0, -1.0]])
    assert front(points).tolist() == [0, 1, 4]
    assert front(points[:, :1]).tolist() == [4]
    assert front(np.zeros((0, 2))).tolist() == []


def best(merits: np.ndarray, seed: int) -> int:
    return int(np.argmax(compromise(merits, np.random.default_rng(seed))))


def test_successive_compromises_favour_every_part_of_the_front() -> None:
    assert {best(FRONT, seed) for seed in range(100)} == set(range(5))


def test_a_front_that_no_weighted_sum_would_find_is_favoured_too() -> None:
    hollow = np.array([[0.0, 9.0], [1.0, 1.0], [9.0, 0.0]])
    assert {best(hollow, seed) for seed in range(100)} == {0, 1, 2}


@pytest.mark.parametrize("seed", range(5))
def test_what_was_not_measured_changes_no_unit_and_is_least(seed: int) -> None:
    unknown = np.array([[5.0, -MOST], [-1e99, -1e99]])
    merits = compromise(np.concatenate([FRONT, unknown]), np.random.default_rng(seed))
    assert np.allclose(merits[:5], compromise(FRONT, np.random.default_rng(seed)))
    assert (merits[5:] < merits[:5].min()).all() and merits[6] < merits[5]
    assert np.isfinite(compromise(unknown, np.random.default_rng(seed))).all()


@pytest.mark.parametrize("seed", range(5))
def test_what_another_exceeds_has_less_merit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    merits = np.concatenate([FRONT, FRONT - 0.5 - rng.random((5, 2))])
    merit = compromise(merits, rng)
    assert (merit[:5] > merit[5:]).all()


def test_units_and_failures_do_not_matter() -> None:
    stretched = np.stack([1e3 * FRONT[:, 0], 1e-6 * FRONT[:, 1] - 7.0], axis=1)
    failed = np.concatenate([FRONT, [[-np.inf, 1.0], [-1e9, -1e9]]])
    merits = [compromise(own, np.random.default_rng(3))[:5] for own in (FRONT, stretched, failed)]
    assert merits[0] == pytest.approx(merits[1]) and merits[0] == pytest.approx(merits[2])


def test_of_points_that_tie_in_the_worst_objective_the_better_wins() -> None:
    merits = np.array([[0.0, 0.0, 5.0], [0.0, 0.0, 6.0], [9.0, 9.0, 7.0]])
    for seed in range(20):
        merit = compromise(merits, np.random.default_rng(seed))
        assert merit[1] > merit[0]


def test_nothing_tried_has_no_merit() -> None:
    assert compromise(np.zeros((0, 2)), np.random.default_rng(0)).shape == (0,)
