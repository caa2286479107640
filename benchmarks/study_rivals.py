"""Searches to compare the study's own with, behind the same seam: random points, and Optuna's NSGA-II."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import NSGAIISampler
from optuna.trial import TrialState, create_trial

from attendnets.cost import cost
from attendnets.exploration.decisions import Space
from attendnets.exploration.proposer import Accept, Proposal
from attendnets.exploration.record import Driver
from attendnets.exploration.space_levels import Finished
from attendnets.spec import digest

_ATTEMPTS = 20_000
_NSGA2_ATTEMPTS = 2_000


@dataclass(frozen=True)
class RandomProposer:
    """Points drawn evenly until costs let one pass."""

    space: Space
    drivers: tuple[Driver, ...] = ()

    def propose(
        self, finished: Sequence[Finished], seen: frozenset[str], accept: Accept, rng: random.Random
    ) -> Proposal | None:
        """See :class:`attendnets.exploration.proposer.Proposer`."""
        for _ in range(_ATTEMPTS):
            point = self.space.draw(rng)
            network = self.space.network(point)
            if digest(network) not in seen and accept(network):
                return Proposal(self.space.canonical(point))
        return None


@dataclass(frozen=True)
class Nsga2Proposer:
    """Optuna's NSGA-II: accuracy up, parameters times multiply-adds (NetScore's price) down.

    What costs rule out counts as a trial that failed, so that it is no parent. ``population`` is smaller
    than the sampler's default of 50, which a study of minutes would spend on random points alone.
    """

    space: Space
    population: int = 8
    drivers: tuple[Driver, ...] = ()

    def propose(
        self, finished: Sequence[Finished], seen: frozenset[str], accept: Accept, rng: random.Random
    ) -> Proposal | None:
        """See :class:`attendnets.exploration.proposer.Proposer`."""
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        distributions: dict[str, BaseDistribution] = {
            name: CategoricalDistribution(values) for name, values in self.space.choices().items()
        }
        study = optuna.create_study(
            directions=["maximize", "minimize"],
            sampler=NSGAIISampler(population_size=self.population, seed=rng.getrandbits(32)),
        )
        for place, item in enumerate(sorted(finished, key=lambda item: item.number)):
            price = cost(self.space.network(item.decisions))
            study.add_trial(
                create_trial(
                    params=dict(item.decisions),
                    distributions=distributions,
                    values=[item.top1_percent or 0.0, math.log10(price.parameters * price.macs)],
                    system_attrs={NSGAIISampler._get_generation_key(): place // self.population},
                )
            )
        for _ in range(_NSGA2_ATTEMPTS):
            trial = study.ask(distributions)
            network = self.space.network(trial.params)
            if digest(network) not in seen and accept(network):
                return Proposal(self.space.canonical(trial.params))
            study.tell(trial, state=TrialState.FAIL)
        return RandomProposer(self.space).propose(finished, seen, accept, rng)
