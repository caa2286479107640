"""The generator: parameters over all decisions, a seed picks a network."""

from __future__ import annotations

import numpy as np
import pytest

from attendnets.exploration.decision_levels import Decision
from attendnets.exploration.generator import Generator

DECISIONS = (Decision(2, ordered=False), Decision(8, ordered=True), Decision(1, ordered=False))


def test_an_undecided_generator_knows_nothing() -> None:
    generator = Generator.undecided(DECISIONS)
    assert generator.entropy == pytest.approx(1.0)
    assert [len(chance) for chance in generator.chances] == [2, 8, 1]
    assert np.allclose(generator.chances[1], 1 / 8)


def test_a_change_makes_levels_likelier() -> None:
    before = Generator.undecided(DECISIONS)
    after = before.updated([np.array([0.0, np.log(3.0)]), np.zeros(8), np.zeros(1)])
    assert np.allclose(after.chances[0], [0.25, 0.75])
    assert np.allclose(after.chances[1], before.chances[1])
    assert after.entropy < before.entropy


def test_drawn_networks_follow_the_chances() -> None:
    generator = Generator((np.log(np.array([1.0, 3.0])), np.zeros(8), np.zeros(1)))
    points = generator.draw(20_000, np.random.default_rng(0))
    assert points.shape == (20_000, 3)
    assert np.mean(points[:, 0]) == pytest.approx(0.75, abs=0.02)
    assert np.allclose(np.bincount(points[:, 1]) / 20_000, 1 / 8, atol=0.02)
    assert (points[:, 2] == 0).all()


def test_the_same_seed_draws_the_same_networks() -> None:
    generator = Generator.undecided(DECISIONS)
    draws = [generator.draw(10, np.random.default_rng(5)) for _ in range(2)]
    assert (draws[0] == draws[1]).all()


def test_a_settled_generator_draws_one_network() -> None:
    generator = Generator((np.array([0.0, 900.0]), np.eye(8)[3] * 900.0, np.zeros(1)))
    assert generator.entropy == pytest.approx(0.0)
    assert (generator.draw(50, np.random.default_rng(0)) == [1, 3, 0]).all()
