"""The order of candidates: short of a required accuracy or not, then loss, then U."""

from __future__ import annotations

import pytest

from attendnets.exploration.entry import Entry
from attendnets.exploration.evaluation import ShortTraining
from attendnets.exploration.objective import OBJECTIVES
from attendnets.exploration.ranking import Ranking
from attendnets.exploration.space import DesignSpace

SPACE = DesignSpace(channels=1, classes=2)
SPEC = SPACE.network(SPACE.smallest())
LAST = 1


def numbers(
    *results: tuple[float, float], floor: float | None, rung: int = LAST, images: int = 400
) -> list[int]:
    """Best first, of candidates with these accuracies and losses."""
    entries = [
        Entry(number, {}, SPEC, {rung: ShortTraining(top1, images, loss, 0.02, 1.0)})
        for number, (top1, loss) in enumerate(results)
    ]
    return [entry.number for entry in Ranking(OBJECTIVES["accuracy"], LAST, floor).ranked(entries, rung)]


def test_one_that_is_short_of_the_floor_is_behind_one_that_is_not_whatever_their_losses() -> None:
    assert numbers((70.0, 0.30), (82.0, 0.40), floor=80) == [1, 0]


def test_what_noise_could_explain_is_not_short() -> None:
    # The interval of 78 % on 400 images reaches up to 81.8 %, that of 75 % to 79.0 %.
    assert numbers((78.0, 0.30), (82.0, 0.40), floor=80) == [0, 1]
    assert numbers((75.0, 0.30), (82.0, 0.40), floor=80) == [1, 0]
    assert numbers((75.0, 0.30), (82.0, 0.40), floor=80, images=40) == [0, 1]


def test_where_none_reaches_the_floor_the_nearest_are_first_as_far_as_noise_lets_it_tell() -> None:
    assert numbers((70.0, 0.30), (82.0, 0.40), (80.0, 0.35), (60.0, 0.25), floor=95) == [2, 1, 0, 3]


@pytest.mark.parametrize("accuracies", [(70.0, 82.0, 60.0), (82.0, 60.0, 70.0)])
def test_without_a_floor_loss_decides(accuracies: tuple[float, float, float]) -> None:
    assert numbers(*zip(accuracies, (0.30, 0.40, 0.50), strict=True), floor=None) == [0, 1, 2]


def test_shorter_trainings_are_not_held_to_the_floor() -> None:
    assert numbers((70.0, 0.30), (82.0, 0.40), floor=80, rung=0) == [0, 1]


def test_among_those_that_are_not_short_u_decides_between_equals_in_loss() -> None:
    assert numbers((81.0, 0.300), (83.0, 0.302), (84.0, 0.5), (70.0, 0.299), floor=80) == [1, 0, 2, 3]


def test_nobody_is_ordered_as_nobody() -> None:
    assert numbers(floor=80) == numbers(floor=None) == []
