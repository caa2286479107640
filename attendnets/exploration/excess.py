"""What networks exceed: how decisions drive the requirements that costs tell, learned before any training.

An excess is the logarithm of a figure over its bound: 0 at the bound, above it where 1_r is broken. Costs are
counted from a specification alone, so the inquisitor probes networks that nobody trains:

    excess_q(x) = base_q + sum over decisions d of share_qd(x_d)        fitted to what was probed
    theta_G'    = theta_G - sum over q of multiplier_q * share_q         the generator that keeps 1_r

Of all distributions over decisions whose expected excesses are below 0 by a deviation, the second is the one
nearest to the generator's own (the least Kullback-Leibler divergence). Multipliers are those of Lagrange: 0
for requirements that do not bind. The form is ours; the papers publish none (docs/generative_synthesis.md).

Letters: N points, D decisions, L the most levels of a decision, Q requirements, F features.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from attendnets.exploration.decision_levels import Encoding, Levels, Reals
from attendnets.exploration.generator import Generator

Probe: TypeAlias = Callable[[Levels], Reals]
"""Excesses ``(N, Q)`` of points ``(N, D)``; NaN in the rows of those that are no networks."""

ROUNDS, PROBED = 4, 300
"""Generators in turn that are probed, each kept within what was learned so far, and networks of each."""
_RIDGE = 0.3
# Newton's method: most turns, the share of a step that is taken and its longest, when it is close enough, the
# largest multiplier, and what is added to the curvature where requirements say nearly the same.
_TURNS, _STEP, _LONGEST, _CLOSE, _LARGEST = 30, 0.7, 2.0, 0.01, 60.0
_UNCORRELATED, _LEAST = 0.05, 0.0025


@dataclass(frozen=True)
class ExcessModel:
    """Excesses as sums over decisions: ``base`` ``(Q,)``, ``shares`` ``(D, L, Q)``, and what they leave
    unexplained, a standard deviation ``residual`` ``(Q,)``.
    """

    base: Reals
    shares: Reals
    residual: Reals

    @classmethod
    def fitted(cls, encoding: Encoding, points: Levels, excesses: Reals) -> ExcessModel:
        """By ridge regression on ``excesses`` ``(N, Q)`` of ``points`` ``(N, D)``, N at least 1."""
        features = encoding.features(points)
        middle, mean = features.mean(0), excesses.mean(0)
        moved = features - middle
        penalty = _RIDGE * np.eye(features.shape[1])
        weights = np.linalg.solve(moved.T @ moved + penalty, moved.T @ (excesses - mean))
        base = mean - middle @ weights
        residual = (excesses - features @ weights - base).std(0)
        return cls(base, encoding.shares(weights), residual)

    def multipliers(self, generator: Generator) -> Reals:
        """How hard each requirement presses on ``generator``, ``(Q,)``; 0 where it does not bind.

        By Newton's method on the dual problem, each step over the requirements that bind or did.
        """
        logits = np.full(self.shares.shape[:2], -np.inf)
        for own, theta in zip(logits, generator.theta, strict=True):
            own[: len(theta)] = theta
        found = np.zeros(len(self.base))
        for _ in range(_TURNS):
            excess, covariance = self._expected(logits - self.shares @ found)
            binding = (excess > 0.0) | (found > 0.0)
            if not binding.any():
                break
            curvature = covariance[np.ix_(binding, binding)]
            curvature[np.diag_indices(len(curvature))] *= 1.0 + _UNCORRELATED
            curvature[np.diag_indices(len(curvature))] += _LEAST
            step = np.linalg.solve(curvature, excess[binding]).clip(-_LONGEST, _LONGEST)
            before = found.copy()
            found[binding] = (found[binding] + _STEP * step).clip(0.0, _LARGEST)
            if np.abs(found - before).max() < _CLOSE:
                break
        return found

    def within(self, generator: Generator, multipliers: Reals) -> Generator:
        """``generator`` after the change of theta_G that keeps what it makes within the requirements."""
        change = self.shares @ multipliers
        levels = [len(theta) for theta in generator.theta]
        return generator.updated([-own[:count] for own, count in zip(change, levels, strict=True)])

    def _expected(self, logits: Reals) -> tuple[Reals, Reals]:
        """Excesses to be brought to 0, a deviation above their means ``(Q,)``, and their covariance."""
        chances = np.exp(logits - logits.max(1, keepdims=True))
        chances /= chances.sum(1, keepdims=True)
        means = (chances[:, :, None] * self.shares).sum(1)
        moved = (self.shares - means[:, None]) * np.sqrt(chances)[:, :, None]
        flat = moved.reshape(-1, len(self.base))
        covariance = flat.T @ flat
        deviation = np.sqrt(np.diag(covariance) + self.residual**2)
        return self.base + means.sum(0) + deviation, covariance


def learned(encoding: Encoding, probe: Probe) -> ExcessModel | None:
    """What ``probe`` tells of the space of ``encoding``; None where it leaves nothing to be kept.

    Networks of an undecided generator are probed, then those of the generator that is within what they
    told, and so on; where nothing binds, once. Always the same for the same space and requirements.
    """
    rng = np.random.default_rng(0)
    undecided = Generator.undecided(encoding.decisions)
    generator, model = undecided, None
    points, excesses = [], []
    for _ in range(ROUNDS):
        drawn = generator.draw(PROBED, rng)
        found = probe(drawn)
        known = ~np.isnan(found).any(1)
        points.append(drawn[known])
        excesses.append(found[known])
        if not sum(map(len, points)):
            return None
        model = ExcessModel.fitted(encoding, np.concatenate(points), np.concatenate(excesses))
        multipliers = model.multipliers(undecided)
        if not multipliers.any():
            break
        generator = model.within(undecided, multipliers)
    return model
