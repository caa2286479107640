"""Ways to search a tabular space: ours, and those that people use, with their authors' settings."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import numpy as np
import optuna
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, NSGAIISampler, TPESampler
from optuna.trial import TrialState

from attendnets.exploration.decision_levels import Decision, Levels
from attendnets.exploration.sampler import NOISY_REPEATS
from attendnets.exploration.synthesis import Synthesis, SynthesisOptions
from benchmarks.tabular import Point, Trace

Searcher: TypeAlias = Callable[[Trace, int], None]
"""Evaluates on a trace until its budget is spent; the number is the seed."""


OURS = SynthesisOptions(repeats=NOISY_REPEATS)
"""The table's results differ from training to training, so ours tries some points again."""


def random_search(trace: Trace, seed: int) -> None:
    """Points at random."""
    rng = np.random.default_rng(seed)
    while True:
        trace.evaluate(trace.space.draw(rng))


def regularized_evolution(trace: Trace, seed: int) -> None:
    """Real et al. 2019, with the settings of NAS-Bench-201's authors: population 10, sample 3."""
    rng = np.random.default_rng(seed)
    population: deque[tuple[Point, float]] = deque(maxlen=10)
    while True:
        point = trace.space.draw(rng)
        if len(population) == 10:
            sample = [population[i] for i in rng.choice(10, 3, replace=False)]
            parent = max(sample, key=lambda member: member[1])[0]
            near = trace.space.neighbours(parent)
            point = near[rng.integers(len(near))] if near else point
        population.append((point, trace.evaluate(point)))


def local_search(trace: Trace, seed: int) -> None:
    """White et al. 2021: neighbours in random order, moving to the first that is better; then anew."""
    rng = np.random.default_rng(seed)
    known: dict[Point, float] = {}

    def value(point: Point) -> float:
        if point not in known:
            known[point] = trace.evaluate(point)
        return known[point]

    while True:
        here = trace.space.draw(rng)
        moved = True
        while moved:
            near = trace.space.neighbours(here)
            order = rng.permutation(len(near))
            better = next((near[i] for i in order if value(near[i]) > value(here)), None)
            moved, here = better is not None, better or here


def generative_synthesis(
    trace: Trace, seed: int, form: type[Synthesis] = Synthesis, options: SynthesisOptions = OURS
) -> None:
    """Ours. What it returns is what it expects most of, not the luckiest observation."""
    synthesis = form(
        trace.space.decisions, options, None if trace.space.limit is None else trace.space.excesses
    )

    def acceptable(point: Levels) -> bool:
        found = tuple(int(level) for level in point)
        return found not in tried and trace.space.allows(found)

    def expected_best() -> Point:
        if len(trace.points) < synthesis.options.first:
            return trace.points[int(np.argmax(trace.values))]
        inquisitor = synthesis.inquisitor(np.array(trace.points), np.array(trace.values))
        best = inquisitor.tried[int(np.argmax(inquisitor.fitted))]
        return tuple(int(level) for level in best)

    trace.choose = expected_best
    tried: set[Point] = set()
    while True:
        rng = np.random.default_rng([seed, len(trace.points)])
        proposed = synthesis.propose(
            np.array(trace.points, dtype=np.int64).reshape(-1, len(trace.space.decisions)),
            np.array(trace.values),
            acceptable,
            rng,
        )
        point = trace.space.draw(rng) if proposed is None else tuple(int(level) for level in proposed)
        tried.add(point)
        trace.evaluate(point)


def suggested(trial: optuna.Trial, decisions: Sequence[Decision], integers: bool = False) -> Point:
    """A point by Optuna's parameters: integers where levels are ordered or all shall be, else categories."""
    return tuple(
        trial.suggest_int(f"decision{d}", 0, decision.levels - 1)
        if integers or decision.ordered
        else int(trial.suggest_categorical(f"decision{d}", tuple(range(decision.levels))))
        for d, decision in enumerate(decisions)
    )


_REFUSED = 200
"""Proposals beyond the limit in a row, after which a random allowed point is taken."""


Told: TypeAlias = Literal["failed", "worst", "constrained"]


def _with_optuna(
    sampler: Callable[[int], BaseSampler | None], integers: bool = False, refused: Told = "failed"
) -> Searcher:
    """A study of Optuna's; points beyond the limit cost no evaluation.

    They are told as failed, as the worst seen so far (to a sampler that would propose the same again), or as
    that with by how much they break a constraint, as Optuna has it for those that it does not hinder.
    """

    def search(trace: Trace, seed: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        rng = np.random.default_rng(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study = optuna.create_study(direction="maximize", sampler=sampler(seed))
        beyond = 0
        while True:
            trial = study.ask()
            point = suggested(trial, trace.space.decisions, integers)
            if refused == "constrained" and trace.space.limit is not None:
                trial.set_constraint("size", float(trace.space.excesses(np.array([point]))[0, 0]))
            if not trace.space.allows(point):
                if refused != "failed" and trace.values:
                    study.tell(trial, min(trace.values))
                else:
                    study.tell(trial, state=TrialState.FAIL)
                beyond += 1
                if beyond >= _REFUSED:
                    study.enqueue_trial({f"decision{d}": v for d, v in enumerate(trace.space.draw(rng))})
                continue
            beyond = 0
            study.tell(trial, trace.evaluate(point))

    return search


SEARCHERS: dict[str, Searcher] = {
    "generative_synthesis": generative_synthesis,
    "random": random_search,
    "regularized_evolution": regularized_evolution,
    "local_search": local_search,
    "tpe": _with_optuna(lambda seed: TPESampler(seed=seed)),
    "tpe_independent": _with_optuna(lambda seed: TPESampler(seed=seed, multivariate=False)),
    "gp": _with_optuna(lambda seed: GPSampler(seed=seed), refused="worst"),
    "nsga2": _with_optuna(lambda seed: NSGAIISampler(seed=seed), refused="constrained"),
    "cma_es": _with_optuna(lambda seed: CmaEsSampler(seed=seed), integers=True),
}
