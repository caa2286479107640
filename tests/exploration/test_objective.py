"""NetScore's worked values (papers' tables), and the other objectives by name."""

import math

import pytest

from attendnets.errors import UsageError
from attendnets.exploration.objective import OBJECTIVES, netscore, objective_named


@pytest.mark.parametrize(
    ("top1", "parameters", "macs", "score"),
    [
        (70.6, 4_240_000, 569_000_000, 70.13),
        (73.2, 1_386_000, 276_800_000, 78.74),
        (71.7, 782_000, 191_300_000, 82.47),
        (73.0, 2_970_000, 424_800_000, 73.52),
        (71.1, 1_870_000, 277_500_000, 76.92),
        (64.5, 3_260_000, 567_500_000, 69.71),
        (68.7, 2_290_000, 299_700_000, 75.11),
    ],
)
def test_netscore_of_published_networks(top1: float, parameters: int, macs: int, score: float) -> None:
    assert netscore(top1, parameters, macs) == pytest.approx(score, abs=0.005)


def test_netscore_worked_on_paper() -> None:
    """AttendNet-B: 71.7^2 / sqrt(0.782 x 0.1913) = 5140.89 / 0.38678 = 13,291.6."""
    assert netscore(71.7, 782_000, 191_300_000) == pytest.approx(20 * math.log10(13_291.6), abs=1e-4)
    in_millions_of_macs = netscore(71.7, 782_000, 191_300_000 * 1000)
    assert in_millions_of_macs == pytest.approx(52.47, abs=0.005)


def test_halving_macs_or_parameters_adds_three_decibels() -> None:
    base = netscore(70.0, 2_000_000, 200_000_000)
    assert netscore(70.0, 1_000_000, 200_000_000) - base == pytest.approx(10 * math.log10(2))
    assert netscore(70.0, 2_000_000, 100_000_000) - base == pytest.approx(10 * math.log10(2))
    assert netscore(71.0, 2_000_000, 200_000_000) - base == pytest.approx(0.246, abs=0.001)


def test_a_network_that_gets_nothing_right_is_below_all() -> None:
    assert netscore(0.0, 1000, 1000) == -math.inf


@pytest.mark.parametrize(
    ("name", "better", "worse"),
    [
        ("netscore", (70.0, 1000, 1000), (69.0, 1000, 1000)),
        ("accuracy", (70.0, 9000, 9000), (69.9, 1000, 1000)),
        ("parameters", (50.0, 999, 9000), (90.0, 1000, 1000)),
        ("macs", (50.0, 9000, 999), (90.0, 1000, 1000)),
    ],
)
def test_an_objective_prefers_what_its_words_say(
    name: str, better: tuple[float, int, int], worse: tuple[float, int, int]
) -> None:
    merit = objective_named(name).merit
    assert merit(*better) > merit(*worse)


def test_objectives_are_named_in_any_case() -> None:
    assert objective_named(" NetScore ") is OBJECTIVES["netscore"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("netscor", "netscore"), ("top1", "accuracy"), ("params", "parameters"), ("FLOPs", "macs")],
)
def test_an_unknown_objective_is_answered_with_the_nearest(name: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"--objective {name}: .* Did you mean '{meant}'"):
        objective_named(name)


def test_an_objective_like_none_is_answered_with_all() -> None:
    with pytest.raises(UsageError, match=r"objective\. Objectives: netscore, accuracy, parameters, macs"):
        objective_named("xyz")
