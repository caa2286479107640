"""Trials of an Optuna study as rows of levels: read once, and only where they are of the space."""

from __future__ import annotations

import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, create_trial

from attendnets.exploration.parameter_levels import BINS, SearchLevels

SPACE: dict[str, BaseDistribution] = {
    "kind": CategoricalDistribution(["a", "b", "c"]),
    "width": IntDistribution(8, 40, step=8),
    "rate": FloatDistribution(0.0, 1.0),
}


def trial(kind: str, width: int, rate: float, space: dict[str, BaseDistribution] = SPACE) -> FrozenTrial:
    return create_trial(params={"kind": kind, "width": width, "rate": rate}, distributions=space, value=1.0)


def test_levels_are_places_among_the_values_and_bins_of_real_ones() -> None:
    levels = SearchLevels(SPACE)
    assert [decision.levels for decision in levels.decisions] == [3, 5, BINS]
    assert [decision.ordered for decision in levels.decisions] == [False, True, True]
    assert not levels.is_exact
    _, rows = levels.ended([trial("b", 24, 0.0), trial("a", 40, 1.0), trial("c", 8, 0.5)])
    assert rows.tolist() == [[1, 2, 0], [0, 4, BINS - 1], [2, 0, BINS // 2]]


def test_trials_outside_the_ranges_of_now_or_without_a_parameter_are_left_out() -> None:
    wider = {**SPACE, "width": IntDistribution(8, 80, step=8)}
    inside, outside = trial("a", 8, 0.5), trial("a", 80, 0.5, wider)
    lacking = create_trial(params={"kind": "a"}, distributions={"kind": SPACE["kind"]}, value=1.0)
    found, rows = SearchLevels(SPACE).ended([outside, lacking, inside])
    assert found == [inside] and rows.tolist() == [[0, 0, 16]]
    assert SearchLevels(SPACE).running([outside, lacking]).shape == (0, 3)


def test_a_trial_that_has_ended_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    levels, read = SearchLevels(SPACE), []
    whole = SearchLevels._row

    def counted(self: SearchLevels, each: FrozenTrial) -> bytes | None:
        read.append(each)
        return whole(self, each)

    monkeypatch.setattr(SearchLevels, "_row", counted)
    trials = [trial("a", 8, 0.1), trial("b", 16, 0.2)]
    first = levels.ended(trials)[1].tolist()
    trials.append(trial("c", 24, 0.3))
    assert levels.ended(trials)[1].tolist()[:2] == first
    assert len(read) == 3


def test_trials_of_another_study_are_not_taken_for_those_of_this_one() -> None:
    levels = SearchLevels(SPACE)
    for kind in ("a", "b", "c"):
        study = optuna.create_study()
        study.add_trial(trial(kind, 8, 0.5))
        _, rows = levels.ended(study.get_trials(deepcopy=False))
        assert rows[0, 0] == "abc".index(kind)
