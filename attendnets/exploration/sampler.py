"""Generative synthesis as a sampler for any Optuna study.

study = optuna.create_study(direction="maximize", sampler=GenerativeSampler(seed=0))
study = optuna.create_study(directions=["maximize", "minimize"], sampler=GenerativeSampler(seed=0))
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.search_space import IntersectionSearchSpace
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from attendnets.exploration.blas import one_thread
from attendnets.exploration.decision_levels import Levels, Reals
from attendnets.exploration.parameter_levels import Parameter, SearchLevels
from attendnets.exploration.pareto import MOST, compromise
from attendnets.exploration.synthesis import Synthesis, SynthesisOptions

NOISY_REPEATS = 0.25
# Below all merits of trials that were completed and kept their constraints; only the order counts.
_PRUNED, _BROKEN, _FAILED = -1e84, -1e90, -1e99
_ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


class GenerativeSampler(BaseSampler):
    """Proposes parameters by :class:`Synthesis`, of several objectives for another compromise each time.

    ``seed``: the same seed and the same finished trials give the same proposal, also after the study was
    taken up again in another process. ``noisy``: trials of equal parameters give differing values, and a
    quarter of those after the fiftieth tries promising parameters again, of real ones the same bin.
    Parameters outside the space that all finished trials share (conditional ones) are drawn at random.
    Trials that break one of their constraints (``Trial.set_constraint``) count as worse than all that keep
    theirs, and so do those that were pruned, the sooner the worse. What failed comes last, unless its
    parameters were completed elsewhere; Optuna calls an interrupted trial failed, too, which
    ``Study.enqueue_trial`` can have tried again.
    """

    def __init__(
        self, seed: int | None = None, noisy: bool = False, options: SynthesisOptions | None = None
    ) -> None:
        self._seed = _drawn_seed() if seed is None else seed
        chosen = options or SynthesisOptions()
        self._options = replace(chosen, repeats=NOISY_REPEATS) if noisy else chosen
        self._search_space = IntersectionSearchSpace()
        self._last = SearchLevels({}), Synthesis((), self._options)

    def reseed_rng(self) -> None:
        """Another seed, as each process of a parallel optimization needs."""
        self._seed = _drawn_seed()

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The parameters that all finished trials share and that leave a choice."""
        shared = self._search_space.calculate(study)
        return {name: distribution for name, distribution in shared.items() if not distribution.single()}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Values for all of ``search_space``."""
        if not search_space:
            return {}
        # Both at once, for other threads of the study may ask meanwhile.
        space, synthesis = self._last
        if list(space.search_space.items()) != list(search_space.items()):
            space = SearchLevels(search_space)
            synthesis = Synthesis(space.decisions, self._options)
            self._last = space, synthesis
        rng = np.random.default_rng([self._seed, trial.number])
        trials = study.get_trials(deepcopy=False)
        done, levels = space.ended([t for t in trials if t.state in _ENDED])
        running = space.running([t for t in trials if t.state is TrialState.RUNNING])
        rows = [row.tobytes() for row in levels]
        seen = {*rows, *(row.tobytes() for row in running)}
        told = _telling(done, rows)
        done, levels = [done[place] for place in told], levels[told]
        merits = _merits(done, study.directions)

        def acceptable(candidate: Levels) -> bool:
            return not space.is_exact or candidate.tobytes() not in seen

        merit = merits[:, 0] if len(study.directions) == 1 else compromise(merits, rng)
        with one_thread():
            point = synthesis.propose(levels, merit, acceptable, rng, trial.number)
        if point is None:
            point = np.array([rng.integers(decision.levels) for decision in space.decisions])
        return {
            parameter.name: parameter.value(int(level), rng)
            for parameter, level in zip(space.parameters, point, strict=True)
        }

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A random value."""
        name = [ord(letter) for letter in param_name]
        rng = np.random.default_rng([self._seed, trial.number, len(name), *name])
        parameter = Parameter(param_name, param_distribution)
        return parameter.value(int(rng.integers(parameter.decision.levels)), rng)


def _telling(trials: list[FrozenTrial], rows: list[bytes]) -> Levels:
    """Places of the trials that tell something: what failed does not where its row did not fail always."""
    failed = np.array([trial.state is TrialState.FAIL for trial in trials], dtype=bool)
    if failed.any():
        sound = {rows[place] for place in np.flatnonzero(~failed)}
        failed = np.array([fell and row in sound for fell, row in zip(failed, rows, strict=True)])
    return np.flatnonzero(~failed)


def _merits(trials: list[FrozenTrial], directions: list[StudyDirection]) -> Reals:
    """``(M, K)``, higher is better: completed trials, then pruned ones, broken constraints, failed ones.

    Among pruned ones those that came farther are better, then those with the better last value; of broken
    constraints those that are less far off.
    """
    signs = np.array([1.0 if direction is StudyDirection.MAXIMIZE else -1.0 for direction in directions])
    states = [trial.state for trial in trials]
    failed = np.array([state is TrialState.FAIL for state in states], dtype=bool)
    pruned = [row for row, state in enumerate(states) if state is TrialState.PRUNED]
    values = [trial.values if trial.state is TrialState.COMPLETE else signs for trial in trials]
    merits = (np.array(values, dtype=np.float64).reshape(-1, len(signs)) * signs).clip(-MOST, MOST)
    reached = {row: _came_to(trials[row], signs[0]) for row in pruned}
    places = {came_to: place for place, came_to in enumerate(sorted({*reached.values()}, reverse=True))}
    for row, came_to in reached.items():
        merits[row] = _PRUNED * (1.0 + places[came_to] / len(places))
    limits = [trial.constraints for trial in trials]
    broken = np.array([sum(max(0.0, value) for value in own.values()) if own else 0.0 for own in limits])
    is_broken = broken > 0.0
    merits[is_broken] = _BROKEN * (1.0 + np.arctan(broken[is_broken, None]))
    merits[failed] = _FAILED
    found: Reals = merits
    return found


def _came_to(trial: FrozenTrial, sign: float) -> tuple[int, float]:
    """The last step of a pruned trial and its value there, higher is better."""
    step = max(trial.intermediate_values, default=-1)
    value = sign * trial.intermediate_values.get(step, math.nan)
    return step, -math.inf if math.isnan(value) else value


def _drawn_seed() -> int:
    return int(np.random.SeedSequence().generate_state(1)[0])
