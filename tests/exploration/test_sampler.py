"""Generative synthesis as a sampler: Optuna's own tests for samplers, and what we promise beyond them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.testing.pytest_samplers import (
    BasicSamplerTestCase,
    MultiObjectiveSamplerTestCase,
    RelativeSamplerTestCase,
)
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial
from threadpoolctl import threadpool_info

from attendnets.exploration import sampler
from attendnets.exploration.sampler import GenerativeSampler
from attendnets.exploration.synthesis import SynthesisOptions


class TestOptunasOwn(BasicSamplerTestCase, RelativeSamplerTestCase, MultiObjectiveSamplerTestCase):
    @pytest.fixture
    def sampler(self) -> Callable[[], BaseSampler]:
        return lambda: GenerativeSampler(options=SynthesisOptions(first=2))


def objective(trial: Trial) -> float:
    kind = trial.suggest_categorical("kind", ["a", "b", "c", "d"])
    width = trial.suggest_int("width", 8, 64, step=8)
    rate = trial.suggest_float("rate", 1e-4, 1.0, log=True)
    return {"a": 0.0, "b": 0.5, "c": 1.0, "d": 0.2}[kind] - abs(width - 40) / 32 - abs(rate - 0.01)


def values(study: optuna.Study) -> list[float]:
    return [value for trial in study.trials if (value := trial.value) is not None]


def test_the_same_seed_gives_the_same_trials() -> None:
    studies = [optuna.create_study(direction="maximize", sampler=GenerativeSampler(seed=3)) for _ in range(2)]
    for study in studies:
        study.optimize(objective, n_trials=25)
    assert values(studies[0]) == values(studies[1])


def test_a_study_taken_up_again_proposes_what_it_would_have(tmp_path: Path) -> None:
    whole = optuna.create_study(direction="maximize", sampler=GenerativeSampler(seed=3))
    whole.optimize(objective, n_trials=25)
    for trials in (10, 15):
        part = optuna.create_study(
            study_name="broken",
            storage=JournalStorage(JournalFileBackend(str(tmp_path / "study.journal"))),
            direction="maximize",
            sampler=GenerativeSampler(seed=3),
            load_if_exists=True,
        )
        part.optimize(objective, n_trials=trials)
    assert values(part) == values(whole)


def test_it_finds_the_best_combination() -> None:
    study = optuna.create_study(direction="maximize", sampler=GenerativeSampler(seed=0))
    study.optimize(objective, n_trials=60)
    assert study.best_params["kind"] == "c"
    assert study.best_params["width"] == 40


def test_minimizing_looks_for_the_least() -> None:
    study = optuna.create_study(direction="minimize", sampler=GenerativeSampler(seed=0))
    study.optimize(lambda trial: -objective(trial), n_trials=60)
    assert study.best_params["kind"] == "c"


def test_no_combination_is_tried_twice_while_others_are_left() -> None:
    study = optuna.create_study(direction="maximize", sampler=GenerativeSampler(seed=1))
    study.optimize(
        lambda t: float(t.suggest_int("x", 0, 4)) - 2.0 * float(t.suggest_int("y", 0, 4)), n_trials=25
    )
    # The first trial is drawn before the space is known, so that it alone may come again.
    assert len({tuple(sorted(trial.params.items())) for trial in study.trials}) >= 24


def test_noisy_studies_try_promising_points_again() -> None:
    study = optuna.create_study(direction="maximize", sampler=GenerativeSampler(seed=1, noisy=True))
    study.optimize(lambda t: float(t.suggest_int("x", 0, 30)) + float(t.suggest_int("y", 0, 30)), n_trials=60)
    assert len({tuple(sorted(trial.params.items())) for trial in study.trials}) < 60


def test_what_failed_or_was_pruned_is_not_tried_again_while_others_are_left() -> None:
    def ends(trial: Trial) -> float:
        x, y = trial.suggest_int("x", 0, 5), trial.suggest_int("y", 0, 5)
        if x == 5:
            return math.nan
        if y == 5:
            raise optuna.TrialPruned
        return float(x + y)

    study = optuna.create_study(direction="maximize", sampler=GenerativeSampler(seed=1))
    study.optimize(ends, n_trials=34)
    tried = [tuple(sorted(trial.params.items())) for trial in study.trials]
    assert len(tried) - len(set(tried)) <= 2
    assert study.best_params == {"x": 4, "y": 4}


def test_what_fails_is_kept_away_from() -> None:
    def fails(trial: Trial) -> float:
        width = trial.suggest_float("width", 0.0, 1.0)
        kind = trial.suggest_categorical("kind", ["a", "b"])
        return math.nan if kind == "b" else width

    study = optuna.create_study(direction="maximize", sampler=GenerativeSampler(seed=1))
    study.optimize(fails, n_trials=60)
    late = [trial.params["kind"] == "b" for trial in study.trials[30:]]
    assert sum(late) < len(late) / 4


KIND: dict[str, BaseDistribution] = {"kind": CategoricalDistribution(["a", "b", "c", "d", "e", "f"])}


def ended(kind: str, state: TrialState, value: float | None = None, **told: Any) -> FrozenTrial:
    return create_trial(params={"kind": kind}, distributions=KIND, state=state, value=value, **told)


def test_merits_order_completed_pruned_broken_and_failed_trials() -> None:
    study = optuna.create_study(direction="maximize")
    trial = study.ask(KIND)
    trial.set_constraint("narrow", 0.5)
    broken = study.tell(trial, 9.0)
    best_first = [
        ended("a", TrialState.COMPLETE, math.inf),
        ended("b", TrialState.COMPLETE, 1.0),
        ended("c", TrialState.COMPLETE, -math.inf),
        ended("e", TrialState.PRUNED, intermediate_values={1: 5.0, 4: 1.0}),
        ended("f", TrialState.PRUNED, intermediate_values={3: 7.0}),
        ended("f", TrialState.PRUNED, intermediate_values={3: math.nan}),
        ended("a", TrialState.PRUNED),
        broken,
        ended("b", TrialState.FAIL),
    ]
    merits = sampler._merits([*best_first, best_first[6]], [StudyDirection.MAXIMIZE])[:, 0]
    # Equal ones are equal, whichever was first.
    assert merits[-1] == merits[6]
    merits = merits[:-1]
    assert merits.tolist() == sorted(merits, reverse=True)
    assert len(set(merits)) == len(best_first)


def test_a_value_that_the_space_does_not_know_is_no_hindrance() -> None:
    study = optuna.create_study(direction="maximize", sampler=GenerativeSampler(seed=0))
    other: dict[str, BaseDistribution] = {"kind": CategoricalDistribution(["z"])}
    study.add_trial(create_trial(params={"kind": "z"}, distributions=other, state=TrialState.FAIL))
    study.optimize(lambda trial: float(trial.suggest_categorical("kind", "abc") == "b"), n_trials=20)
    assert study.best_value == 1.0


def test_what_failed_once_and_was_completed_is_taken_as_completed() -> None:
    trials = [ended("a", TrialState.FAIL), ended("a", TrialState.COMPLETE, 1.0), ended("b", TrialState.FAIL)]
    assert sampler._telling(trials, [b"a", b"a", b"b"]).tolist() == [1, 2]


def test_threads_of_a_study_leave_linear_algebra_as_it_was() -> None:
    before = [pool["num_threads"] for pool in threadpool_info()]
    study = optuna.create_study(direction="maximize", sampler=GenerativeSampler(seed=0))
    study.optimize(objective, n_trials=60, n_jobs=4)
    assert [pool["num_threads"] for pool in threadpool_info()] == before


def objectives(trial: Trial) -> tuple[float, float]:
    """The merit above, and a cost that grows with the width."""
    return objective(trial), float(trial.params["width"])


def test_several_objectives_taken_up_again_propose_what_they_would_have(tmp_path: Path) -> None:
    directions = [StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE]
    whole = optuna.create_study(directions=directions, sampler=GenerativeSampler(seed=3))
    whole.optimize(objectives, n_trials=25)
    for trials in (10, 15):
        part = optuna.create_study(
            study_name="broken",
            storage=JournalStorage(JournalFileBackend(str(tmp_path / "study.journal"))),
            directions=directions,
            sampler=GenerativeSampler(seed=3),
            load_if_exists=True,
        )
        part.optimize(objectives, n_trials=trials)
    assert [trial.params for trial in part.trials] == [trial.params for trial in whole.trials]


def test_several_objectives_end_with_a_front() -> None:
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=GenerativeSampler(seed=0))
    study.optimize(objectives, n_trials=60)
    # Every width up to the best one is a compromise, each with the best kind.
    widths = {trial.params["width"] for trial in study.best_trials}
    assert len(widths) >= 3 and {8, 40} <= widths <= {8, 16, 24, 32, 40}
    assert {trial.params["kind"] for trial in study.best_trials} == {"c"}


def test_constraints_are_kept_by_what_is_found() -> None:
    def constrained(trial: Trial) -> float:
        merit = objective(trial)
        trial.set_constraint("narrow", trial.params["width"] - 24)
        return merit

    study = optuna.create_study(direction="maximize", sampler=GenerativeSampler(seed=0))
    study.optimize(constrained, n_trials=60)
    assert study.best_params["kind"] == "c" and study.best_params["width"] == 24
    kept = [trial.params["width"] <= 24 for trial in study.trials[20:]]
    assert sum(kept) > len(kept) / 2
