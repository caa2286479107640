"""Generative synthesis as a sampler for any Optuna study.

study = optuna.create_study(direction="maximize", sampler=GenerativeSampler(seed=0))
study = optuna.create_study(directions=["maximize", "minimize"], sampler=GenerativeSampler(seed=0))
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler
from optuna.search_space import IntersectionSearchSpace
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from attendnets.errors import UsageError
from attendnets.exploration.blas import one_thread
from attendnets.exploration.decision_levels import Decision, Levels, Reals
from attendnets.exploration.pareto import compromise
from attendnets.exploration.synthesis import Synthesis, SynthesisOptions

BINS = 32
"""Levels of a parameter that has more values; within a bin, values are drawn evenly."""
NOISY_REPEATS = 0.25
_BROKEN = -1e90


class GenerativeSampler(BaseSampler):
    """Proposes parameters by :class:`Synthesis`, of several objectives for another compromise each time.

    ``seed``: the same seed and the same finished trials give the same proposal, also after the study was
    taken up again in another process. ``noisy``: trials of equal parameters give differing values, and a
    quarter of those after the fiftieth tries promising parameters again. Parameters outside the space that
    all finished trials share (conditional ones) are drawn at random. Trials that break one of their
    constraints (``Trial.set_constraint``) count as worse than all that keep theirs.
    """

    def __init__(
        self, seed: int | None = None, noisy: bool = False, options: SynthesisOptions | None = None
    ) -> None:
        self._seed = _drawn_seed() if seed is None else seed
        chosen = options or SynthesisOptions()
        self._options = replace(chosen, repeats=NOISY_REPEATS) if noisy else chosen
        self._search_space = IntersectionSearchSpace()
        self._synthesis: Synthesis | None = None

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
        parameters = [_Parameter(name, distribution) for name, distribution in search_space.items()]
        decisions = tuple(parameter.decision for parameter in parameters)
        if self._synthesis is None or self._synthesis.decisions != decisions:
            self._synthesis = Synthesis(decisions, self._options)
        rng = np.random.default_rng([self._seed, trial.number])
        trials = study.get_trials(deepcopy=False)
        done = [t for t in trials if t.state is TrialState.COMPLETE and _holds(parameters, t)]
        running = [t for t in trials if t.state is TrialState.RUNNING and _holds(parameters, t)]
        merits = _merits(done, study.directions)
        levels = _levels(parameters, done)
        exact = all(parameter.is_exact for parameter in parameters)
        seen = {row.tobytes() for row in np.concatenate([levels, _levels(parameters, running)])}

        def acceptable(candidate: Levels) -> bool:
            return not exact or candidate.tobytes() not in seen

        merit = merits[:, 0] if len(study.directions) == 1 else compromise(merits, rng)
        with one_thread():
            point = self._synthesis.propose(levels, merit, acceptable, rng, trial.number)
        if point is None:
            point = np.array([rng.integers(decision.levels) for decision in decisions])
        return {
            parameter.name: parameter.value(int(level), rng)
            for parameter, level in zip(parameters, point, strict=True)
        }

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A random value."""
        name = [ord(letter) for letter in param_name]
        rng = np.random.default_rng([self._seed, trial.number, len(name), *name])
        parameter = _Parameter(param_name, param_distribution)
        return parameter.value(int(rng.integers(parameter.decision.levels)), rng)


@dataclass(frozen=True)
class _Parameter:
    """A distribution as a decision among levels."""

    name: str
    distribution: BaseDistribution

    @property
    def is_exact(self) -> bool:
        """Whether each level is one value."""
        return self.values is not None

    @property
    def values(self) -> int | None:
        """How many values there are; None where bins stand for them."""
        if isinstance(self.distribution, CategoricalDistribution):
            return len(self.distribution.choices)
        low, high, step, log = _range(self.distribution)
        if step is None:
            return 1 if low == high else None
        count = round((high - low) / step) + 1
        return count if count <= BINS and not log else None

    @property
    def decision(self) -> Decision:
        """Levels of the parameter; those of the same distribution are a family."""
        ordered = not isinstance(self.distribution, CategoricalDistribution)
        return Decision(self.values or BINS, ordered, family=repr(self.distribution))

    def level(self, value: Any) -> int:
        """The level of an external value."""
        internal = self.distribution.to_internal_repr(value)
        if isinstance(self.distribution, CategoricalDistribution):
            return int(internal)
        low, _, step, _ = _range(self.distribution)
        if self.values is not None:
            return 0 if step is None else round((internal - low) / step)
        start, end = self._ends
        place = (math.log(internal) if self._is_log else internal) - start
        return min(BINS - 1, max(0, int(BINS * place / (end - start))))

    def value(self, level: int, rng: np.random.Generator) -> Any:
        """A value of ``level``; drawn evenly where the level is a bin."""
        if isinstance(self.distribution, CategoricalDistribution):
            return self.distribution.choices[level]
        low, high, step, log = _range(self.distribution)
        if self.values is not None:
            number = low if step is None else low + level * step
        else:
            start, end = self._ends
            place = start + (end - start) * (level + float(rng.random())) / BINS
            number = math.exp(place) if log else place
            if step is not None:
                number = low + round((number - low) / step) * step
        number = min(high, max(low, number))
        return round(number) if isinstance(self.distribution, IntDistribution) else float(number)

    @property
    def _is_log(self) -> bool:
        return _range(self.distribution)[3]

    @property
    def _ends(self) -> tuple[float, float]:
        low, high, _, log = _range(self.distribution)
        return (math.log(low), math.log(high)) if log else (low, high)


def _range(distribution: BaseDistribution) -> tuple[float, float, float | None, bool]:
    """Lowest and highest value, step or None, and whether the scale is logarithmic."""
    if not isinstance(distribution, FloatDistribution | IntDistribution):
        raise UsageError(
            f"GenerativeSampler: {type(distribution).__name__} is not known; use float, int or categorical."
        )
    return distribution.low, distribution.high, distribution.step, distribution.log


def _holds(parameters: list[_Parameter], trial: FrozenTrial) -> bool:
    """Whether ``trial`` has all parameters, within the ranges that are asked for now."""
    return all(
        parameter.name in trial.params
        and parameter.distribution._contains(
            parameter.distribution.to_internal_repr(trial.params[parameter.name])
        )
        for parameter in parameters
    )


def _levels(parameters: list[_Parameter], trials: list[FrozenTrial]) -> Levels:
    rows = [[parameter.level(trial.params[parameter.name]) for parameter in parameters] for trial in trials]
    return np.array(rows, dtype=np.int64).reshape(len(trials), len(parameters))


def _merits(trials: list[FrozenTrial], directions: list[StudyDirection]) -> Reals:
    """``(M, K)``, higher is better; trials that break a constraint come last, the farther they are off."""
    signs = [1.0 if direction is StudyDirection.MAXIMIZE else -1.0 for direction in directions]
    merits = np.array([t.values for t in trials], dtype=np.float64).reshape(-1, len(signs)) * signs
    broken = np.array([sum(max(0.0, value) for value in t.constraints.values()) for t in trials])
    for row in np.flatnonzero(broken > 0.0):
        # Only the order of merits counts.
        merits[row] = _BROKEN * (1.0 + np.arctan(broken[row]))
    return merits


def _drawn_seed() -> int:
    return int(np.random.SeedSequence().generate_state(1)[0])
