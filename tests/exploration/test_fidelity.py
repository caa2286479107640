"""How well short trainings foretell longer ones: rank correlations, their intervals, their words."""

from __future__ import annotations

import itertools
from pathlib import Path

import msgspec
import numpy as np
import pytest

from attendnets.exploration.evaluation import ShortTraining
from attendnets.exploration.fidelity import fidelities, rank_correlation
from attendnets.exploration.record import RankCorrelation, StudyRecord
from attendnets.exploration.study import ExploreOptions
from tests.exploration.test_study import Landscape, run


def trained(loss: float) -> ShortTraining:
    return ShortTraining(80.0, 400, loss, 0.02, 1.0)


def test_worked_on_paper() -> None:
    """Two neighbours changed places among six: 1 - 6 x 2 / (6 x 35) = 0.943."""
    found = rank_correlation((1, 2, 3, 4, 5, 6), (10, 30, 20, 40, 50, 60), 3, 27)
    assert found.correlation == pytest.approx(1 - 12 / 210, abs=5e-5)
    # atanh(0.9429) = 1.763, give or take 1.96 sqrt(1.06 / 3) = 1.165.
    assert found.interval == pytest.approx((np.tanh(1.7634 - 1.1650), np.tanh(1.7634 + 1.1650)), abs=3e-4)


@pytest.mark.parametrize("networks", [4, 5, 8, 30])
def test_a_perfect_order_of_few_networks_may_be_luck(networks: int) -> None:
    losses = range(networks)
    same, reverse = (rank_correlation(losses, losses[::turn], 3, 9) for turn in (1, -1))
    assert (same.correlation, reverse.correlation) == (1.0, -1.0)
    assert same.interval is not None and reverse.interval is not None
    low, high = same.interval
    assert low < 1.0 == high
    assert reverse.interval == (-1.0, -low)
    assert (low < 0) == (networks == 4)


def test_nearly_perfect_is_below_perfect() -> None:
    for networks in (4, 6, 12):
        longer = [1, 0, *range(2, networks)]
        swapped, perfect = (
            rank_correlation(range(networks), given, 3, 9) for given in (longer, sorted(longer))
        )
        assert swapped.interval is not None and perfect.interval is not None
        assert swapped.interval < perfect.interval


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    # Spearman's correlation of a normal pair whose Pearson correlation is 0.6.
    truth = 6 / np.pi * np.arcsin(0.3)
    held = []
    for _ in range(400):
        first = rng.normal(size=15)
        second = 0.6 * first + 0.8 * rng.normal(size=15)
        interval = rank_correlation(list(first), list(second), 3, 9).interval
        assert interval is not None
        held.append(interval[0] <= truth <= interval[1])
    assert 0.91 <= np.mean(held) <= 0.98


@pytest.mark.parametrize(
    ("losses", "longer", "words"),
    [
        ((1.0,), (2.0,), "1 epoch with 3: unknown over 1 network"),
        ((1.0, 2.0), (2.0, 1.0), "1 epoch with 3: unknown over 2 networks"),
        ((1.0, 1.0, 1.0, 1.0), (1.0, 2.0, 3.0, 4.0), "1 epoch with 3: unknown over 4 networks"),
        ((1.0, 2.0, 3.0), (1.0, 2.0, 3.0), "1 epoch with 3: 1.00 over 3 networks, too few for an interval"),
        ((1, 2, 3, 4, 5, 6), (1, 3, 2, 4, 6, 5), "1 epoch with 3: 0.89 (0.23 to 0.99) over 6 networks"),
    ],
)
def test_what_few_networks_cannot_tell_is_not_told(
    losses: tuple[float, ...], longer: tuple[float, ...], words: str
) -> None:
    assert str(rank_correlation(losses, longer, 1, 3)) == words


def test_each_pair_of_rungs_counts_those_that_reached_both_the_highest_first() -> None:
    candidates = [
        {0: trained(0.5), 1: trained(0.4), 2: trained(0.3)},
        {0: trained(0.4), 1: trained(0.5)},
        {0: trained(0.3), 1: trained(0.6)},
        {0: trained(0.9)},
        {},
    ]
    found = fidelities(candidates, (3, 9, 27))
    assert [(f.epochs, f.longer_epochs, f.networks) for f in found] == [(9, 27, 1), (3, 27, 1), (3, 9, 3)]
    assert [f.correlation for f in found] == [None, None, -1.0]
    assert fidelities(candidates[3:], (3, 9, 27)) == fidelities(candidates, (3,)) == ()


def test_a_study_keeps_them_and_one_that_was_written_before_has_none(tmp_path: Path) -> None:
    options = ExploreOptions(trials=12, rung_epochs=(1, 3, 9), seed=3)
    record = run(Landscape(), tmp_path / "study.journal", options)
    found = {(f.epochs, f.longer_epochs): f for f in record.fidelities}
    assert set(found) == set(itertools.combinations((1, 3, 9), 2))
    assert found[1, 3].networks == sum(c.rung >= 1 for c in record.candidates) == 4
    # The landscape's losses do not change with the epochs.
    assert found[1, 3].correlation == 1.0
    written = msgspec.json.encode(record)
    assert msgspec.json.decode(written, type=StudyRecord).fidelities == record.fidelities
    before = msgspec.to_builtins(record)
    del before["fidelities"]
    assert msgspec.convert(before, StudyRecord).fidelities == ()
    assert isinstance(record.fidelities[0], RankCorrelation)
