"""How decisions drive the requirements that costs tell, and the generator that keeps them."""

from __future__ import annotations

import random
from functools import partial

import numpy as np
import pytest

from attendnets.exploration.decision_levels import Decision, Encoding, Levels, Reals
from attendnets.exploration.excess import ExcessModel, learned
from attendnets.exploration.generator import Generator
from attendnets.exploration.screening import Screen
from attendnets.exploration.space import DesignSpace
from attendnets.exploration.space_levels import SpaceLevels
from attendnets.requirements import Requirements

ENCODING = Encoding((Decision(4, ordered=True), Decision(3, ordered=False), Decision(1, ordered=True)))
SHARES = (np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.5, 0.0, 2.5]))
SPACE = DesignSpace(channels=1, classes=2)
LEVELS = SpaceLevels(SPACE)


def excesses(points: Levels, base: float = -2.0) -> Reals:
    """Of one requirement, a sum over decisions."""
    found: Reals = (base + SHARES[0][points[:, 0]] + SHARES[1][points[:, 1]])[:, None]
    return found


def everything() -> Levels:
    return np.stack(np.meshgrid(*(np.arange(d.levels) for d in ENCODING.decisions)), -1).reshape(-1, 3)


def share_of_those_that_pass(generator: Generator, screen: Screen, count: int = 300) -> float:
    points = generator.draw(count, np.random.default_rng(1))
    return float(np.mean([screen(SPACE.network(LEVELS.decisions(point))) for point in points]))


@pytest.fixture(scope="module")
def model() -> ExcessModel:
    points = np.tile(everything(), (20, 1))
    return ExcessModel.fitted(ENCODING, points, excesses(points))


def test_a_sum_over_decisions_is_found_out(model: ExcessModel) -> None:
    for d, expected in enumerate(SHARES):
        found = model.shares[d, : len(expected), 0]
        assert np.allclose(found - found[0], expected - expected[0], atol=0.05)
    assert model.residual[0] < 0.05
    assert model.shares.shape == (3, 4, 1)


def test_what_meets_the_requirement_is_left_as_it_is(model: ExcessModel) -> None:
    settled = Generator((np.array([99.0, 0.0, 0.0, 0.0]), np.array([0.0, 99.0, 0.0]), np.zeros(1)))
    multipliers = model.multipliers(settled)
    assert multipliers.tolist() == [0.0]
    assert all(
        (a == b).all() for a, b in zip(model.within(settled, multipliers).theta, settled.theta, strict=True)
    )


def test_a_generator_that_breaks_it_is_brought_within(model: ExcessModel) -> None:
    undecided = Generator.undecided(ENCODING.decisions)
    within = model.within(undecided, model.multipliers(undecided))
    rng = np.random.default_rng(0)
    before, after = (excesses(generator.draw(4000, rng)) for generator in (undecided, within))
    assert (before > 0).mean() > 0.4
    assert (after > 0).mean() < 0.2
    # A deviation above the mean is at the bound: no nearer to what was wanted can it be.
    assert after.mean() + after.std() == pytest.approx(0.0, abs=0.1)


def test_it_gives_up_as_little_as_it_must_of_what_was_wanted(model: ExcessModel) -> None:
    wanted = Generator((np.zeros(4), np.array([0.0, 0.0, 3.0]), np.zeros(1)))
    within = model.within(wanted, model.multipliers(wanted))
    # Logits move by the shares alone, all in one proportion.
    moved = [before - after for before, after in zip(wanted.theta, within.theta, strict=True)]
    ratios = [np.ptp(moved[d]) / np.ptp(SHARES[d]) for d in range(2)]
    assert ratios[0] == pytest.approx(ratios[1], rel=0.05)
    undecided = Generator.undecided(ENCODING.decisions)
    unwanted = model.within(undecided, model.multipliers(undecided))
    assert within.chances[1][2] > 3 * unwanted.chances[1][2]


def test_of_two_requirements_only_the_one_that_binds_presses() -> None:
    points = np.tile(everything(), (20, 1))
    both = np.concatenate([excesses(points), excesses(points, base=-20.0)], axis=1)
    model = ExcessModel.fitted(ENCODING, points, both)
    tight, loose = model.multipliers(Generator.undecided(ENCODING.decisions))
    assert tight > 0.1
    assert loose == 0.0


def test_what_nothing_can_meet_ends_too() -> None:
    points = np.tile(everything(), (20, 1))
    model = ExcessModel.fitted(ENCODING, points, excesses(points, base=50.0))
    undecided = Generator.undecided(ENCODING.decisions)
    within = model.within(undecided, model.multipliers(undecided))
    assert (within.draw(50, np.random.default_rng(0))[:, :2] == [0, 1]).all()


def test_points_that_are_no_networks_teach_nothing() -> None:
    def partly(points: Levels) -> Reals:
        return np.where(points[:, :1] == 3, np.nan, excesses(points))

    model = learned(ENCODING, partly)
    assert model is not None
    assert np.isfinite(model.shares).all()
    assert learned(ENCODING, lambda points: np.full((len(points), 1), np.nan)) is None


def test_a_space_of_one_network_has_nothing_to_give_way_with() -> None:
    encoding = Encoding((Decision(1, ordered=True), Decision(1, ordered=False)))
    model = learned(encoding, lambda points: np.full((len(points), 2), [0.5, -0.5]))
    assert model is not None
    undecided = Generator.undecided(encoding.decisions)
    within = model.within(undecided, model.multipliers(undecided))
    assert (within.draw(5, np.random.default_rng(0)) == 0).all()


def test_where_nothing_binds_one_round_of_probes_is_enough() -> None:
    asked = []

    def loose(points: Levels) -> Reals:
        asked.append(len(points))
        return excesses(points, base=-20.0)

    assert learned(ENCODING, loose) is not None
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("screen", "before", "after"),
    [
        (Screen(Requirements.parse(["weights<=60KB", "arena<=128KB", "macs<=1M"])), 0.02, 0.4),
        (Screen(Requirements.parse(["weights<=20KB", "arena<=64KB", "macs<=500K"])), 0.02, 0.4),
        (Screen(Requirements.parse(["arena<=24KB"])), 0.02, 0.4),
        (Screen(Requirements.parse(["weights<=6KB"])), 0.02, 0.4),
        (Screen(Requirements(), 1e6, ("anti_aliased_downsampling",)), 0.15, 0.5),
    ],
    ids=["three", "three tight ones", "arena", "hardly any weights", "time and a constraint"],
)
def test_of_networks_that_hardly_ever_pass_most_do_when_it_was_learned(
    screen: Screen, before: float, after: float
) -> None:
    undecided = Generator.undecided(LEVELS.of_each)
    model = learned(Encoding(LEVELS.of_each), partial(LEVELS.excesses, screen=screen))
    assert model is not None
    assert share_of_those_that_pass(undecided, screen) < before
    within = model.within(undecided, model.multipliers(undecided))
    assert share_of_those_that_pass(within, screen) > after
    assert within.entropy > 0.6


def test_excesses_of_a_space_are_those_of_its_networks() -> None:
    screen = Screen(Requirements.parse(["weights<=60KB", "macs<=1M"]))
    rng = random.Random(0)
    points = np.array(
        [
            [values.index(p[n]) for n, values in LEVELS.choices.items()]
            for p in (SPACE.draw(rng) for _ in range(20))
        ]
    )
    found = LEVELS.excesses(points, screen)
    assert found.shape == (20, 2)
    for point, row in zip(points, found, strict=True):
        assert (row <= 0).all() == screen(SPACE.network(LEVELS.decisions(point)))
