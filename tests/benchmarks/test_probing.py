"""Reactions are compared with changes that were really made, one decision at a time."""

from __future__ import annotations

import random

import pytest

from attendnets.cost import cost
from attendnets.exploration.space import DesignSpace
from attendnets.spec import digest
from benchmarks.probing import Pair, bases, changes, correlation, row

SPACE = DesignSpace(channels=1, classes=2, sizes=(48,))


def pairs(*losses: tuple[int, float, float]) -> list[Pair]:
    return [Pair(network, "", "depth", told, 0.1, 0.1, lost) for network, told, lost in losses]


def test_every_change_is_one_decision_of_blocks_that_are_there() -> None:
    rng = random.Random(3)
    for _ in range(20):
        point = SPACE.draw(rng)
        before = cost(SPACE.network(point))
        blocks = {row.name for row in before.rows}
        for change in changes(SPACE, point):
            assert [name for name in point if point[name] != change.point[name]] == [change.decision]
            assert digest(SPACE.network(change.point)) != digest(before.spec)
            assert set(change.parts) <= blocks and change.parts


def test_networks_and_changes_are_the_same_each_time_and_mixed() -> None:
    found = bases(SPACE, 3, 4)
    assert found == bases(SPACE, 3, 4)
    kinds = [change.kind for _, possible in found for change in possible]
    assert len(kinds) == 12 and {"depth", "width"} == set(kinds)


def test_a_correlation_has_an_interval_that_narrows_with_pairs() -> None:
    few = correlation([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 6, 5], 6)
    many = correlation([1, 2, 3, 4, 5, 6] * 4, [1, 2, 3, 4, 6, 5] * 4, 24)
    assert few["value"] == pytest.approx(0.943, abs=0.001)
    assert few["interval"][0] < many["interval"][0] < many["value"] < many["interval"][1] < few["interval"][1]


def test_what_networks_differ_by_on_the_whole_does_not_count_within_them() -> None:
    # Within both networks the reactions foretell nothing; one network loses more by everything.
    found = row(
        "",
        pairs((0, 1, 2), (0, 2, 1), (0, 1.5, 1.5), (1, 11, 12), (1, 12, 11), (1, 11.5, 11.5)),
        lambda pair: pair.reaction,
        "all",
    )
    assert found["spearman"]["value"] > 0.5
    assert found["spearman_within_networks"]["value"] == pytest.approx(-1)
