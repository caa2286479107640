"""The inquisitor I: learns from what was tried how decisions act on merit, and says what to expect.

Its model is a Gaussian process over decisions. Two networks are the more alike the fewer the decisions in
which they differ, and the nearer the effects of what they decided:

    k = exp(-sum over decisions d of  kind / D * difference_d + effect * (e_d - e'_d)^2)

The effects e are what the inquisitor finds by probing: it sets one decision of known networks to each of its
levels and reads how the expected merit reacts. theta_I = (kind, effect, noise) is what makes the observed
merits most likely. The form is ours; the papers publish none (docs/generative_synthesis.md).

Letters: N points, D decisions, M points that were tried, R reference points.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.special import ndtr, ndtri

from attendnets.exploration.decision_levels import Encoding, Levels, Reals

MOST_POINTS = 256
"""Points that the process is conditioned on: the best half and the newest half beyond that."""
MOST_FITTED = 128
"""Points that theta_I is fitted to."""
MOST_REFERENCES = 32
"""Points that are probed for effects."""
_SWEEPS = 2
_KIND, _EFFECT, _NOISE = 0.5, 0.3, 0.5
_FACTORS = (0.25, 0.5, 2.0, 4.0)


def normal_ranks(merits: Reals) -> Reals:
    """Merits ``(M,)``, higher is better, to the normal quantiles of their ranks.

    Only the order counts: a candidate that failed altogether moves the others no further than the last.
    Equal merits get equal quantiles.
    """
    order = np.sort(merits)
    ranks = (np.searchsorted(order, merits, "left") + np.searchsorted(order, merits, "right")) / 2.0
    quantiles: Reals = ndtri(ranks / len(merits)) if len(merits) > 1 else np.zeros(len(merits))
    return quantiles


@dataclass(frozen=True)
class Sensitivity:
    """theta_I: how far networks differ by deciding otherwise and by its effect, and the share of noise."""

    kind: float = 2.0
    effect: float = 1.0
    noise: float = 0.05


@dataclass(frozen=True)
class Learned:
    """What the inquisitor has found out: theta_I, and the effects ``(L, D)`` of all levels around 0."""

    theta: Sensitivity
    effects: Reals


class Inquisitor:
    """What ``merits`` ``(M,)`` of ``tried`` ``(M, D)`` tell of all points; higher merits are better.

    ``learned``: what was found out from most of that before; without it, it is found out anew.
    """

    def __init__(
        self, encoding: Encoding, tried: Levels, merits: Reals, learned: Learned | None = None
    ) -> None:
        kept = _kept(merits, MOST_POINTS)
        self.encoding, self.tried = encoding, tried[kept]
        self._merits = normal_ranks(merits)[kept]
        if learned is not None:
            self._condition(learned)
            return
        self._condition(Learned(Sensitivity(), np.zeros((encoding.most, len(encoding.decisions)))))
        effects = self._probed()
        self._condition(Learned(self._fitted(effects), effects))
        self._condition(replace(self.learned, effects=self._probed()))

    def _condition(self, learned: Learned) -> None:
        self.learned = learned
        self._rows = self._encoded(self.tried)
        covariance = _similarities(self._rows, self._rows)
        covariance[np.diag_indices(len(self._rows))] += learned.theta.noise
        self._factor = cholesky(covariance, lower=True, overwrite_a=True, check_finite=False)
        self._weights = cho_solve((self._factor, True), self._merits, check_finite=False)
        self.variance = max(1e-9, float(self._merits @ self._weights) / len(self._rows))

    def _encoded(self, points: Levels) -> Reals:
        theta = self.learned.theta
        kind = theta.kind / len(self.encoding.decisions)
        return self.encoding.rows(points, kind, self.learned.effects * np.sqrt(theta.effect))

    def _probed(self) -> Reals:
        """Effects of all levels around 0, in units of the largest difference that one decision makes."""
        some = np.linspace(0, len(self.tried) - 1, min(MOST_REFERENCES, len(self.tried))).astype(np.int64)
        reactions = self.probe(self.tried[some])
        largest = max(1e-9, *(float(np.ptp(reaction)) for reaction in reactions))
        effects = np.zeros((self.encoding.most, len(reactions)))
        for d, reaction in enumerate(reactions):
            effects[: len(reaction), d] = (reaction - reaction.mean()) / largest
        return effects

    def expect(self, points: Levels) -> tuple[Reals, Reals]:
        """Mean and standard deviation ``(N,)`` of the merit of ``points`` ``(N, D)``, in normal quantiles."""
        similar = _similarities(self._encoded(points), self._rows)
        solved = solve_triangular(self._factor, similar.T, lower=True, check_finite=False)
        left = np.maximum(1.0 - (solved * solved).sum(0), 1e-9)
        return similar @ self._weights, np.sqrt(self.variance * left)

    @cached_property
    def expected(self) -> tuple[Reals, Reals]:
        """What :meth:`expect` says of the points that were tried."""
        return self.expect(self.tried)

    @cached_property
    def fitted(self) -> Reals:
        """The mean of ``expected`` alone, which costs nothing: what was observed less what noise explains."""
        found: Reals = self._merits - self.learned.theta.noise * self._weights
        return found

    @cached_property
    def best(self) -> float:
        """The highest expected merit among what was tried."""
        return float(self.fitted.max())

    def improvement(self, points: Levels) -> Reals:
        """By how much each of ``points`` is expected to exceed ``best`` where it does: ``(N,)``."""
        mean, deviation = self.expect(points)
        ahead = (mean - self.best) / deviation
        density = np.exp(-0.5 * ahead * ahead) / np.sqrt(2.0 * np.pi)
        gain: Reals = deviation * (ahead * ndtr(ahead) + density)
        return gain

    def probe(self, references: Levels) -> tuple[Reals, ...]:
        """Expected merit when one decision of ``references`` ``(R, D)`` is set to each of its levels.

        One array ``(levels,)`` a decision, averaged over the references.
        """
        # Likeness is a product over decisions: one factor is taken out and put in for each level, and
        # networks that share their level share the factor.
        effects = self.learned.effects.T
        distances = self.learned.theta.kind / len(effects) * self.encoding.differences
        distances = distances + self.learned.theta.effect * (effects[:, :, None] - effects[:, None]) ** 2
        factors = np.exp(-distances)
        weighted = _similarities(self._encoded(references), self._rows) * (self._weights / len(references))
        count, most = len(effects), self.encoding.most
        sums = weighted @ self.encoding.marks(self.tried).reshape(len(self.tried), -1)
        shared = np.matmul(
            self.encoding.marks(references).transpose(1, 2, 0),
            sums.reshape(len(references), count, most).transpose(1, 0, 2),
        )
        found = np.matmul(factors, (shared / factors).sum(1)[:, :, None])[:, :, 0]
        return tuple(
            row[: decision.levels] for row, decision in zip(found, self.encoding.decisions, strict=True)
        )

    def contrast(self, points: Levels, others: Levels) -> tuple[float, float]:
        """By how much the mean merit of ``points`` exceeds that of ``others``, and its standard error.

        Both ``(R, D)``; in normal quantiles.
        """
        rows = self._encoded(np.concatenate([points, others]))
        weights = np.concatenate(
            [np.full(len(points), 1 / len(points)), np.full(len(others), -1 / len(others))]
        )
        similar = weights @ _similarities(rows, self._rows)
        solved = solve_triangular(self._factor, similar, lower=True)
        left = float(weights @ _similarities(rows, rows) @ weights - solved @ solved)
        return float(similar @ self._weights), float(np.sqrt(self.variance * max(left, 0.0)))

    def _fitted(self, effects: Reals) -> Sensitivity:
        """The likeliest theta_I, searched along one of its values after the other."""
        kept = _kept(self._merits, MOST_FITTED)
        some, merits = self.tried[kept], self._merits[kept]
        none = np.zeros_like(effects)
        kinds = _distances(self.encoding.rows(some, 1.0 / effects.shape[1], none))
        acting = _distances(self.encoding.rows(some, 0.0, effects))

        def unlikeliness(theta: Sensitivity) -> float:
            covariance = np.exp(-(theta.kind * kinds + theta.effect * acting))
            return _unlikeliness(covariance, merits, theta)

        best, least = self.learned.theta, unlikeliness(self.learned.theta)
        for _ in range(_SWEEPS):
            for name in ("kind", "effect", "noise"):
                here = best
                for factor in _FACTORS:
                    other = replace(here, **{name: getattr(here, name) * factor})
                    value = unlikeliness(other)
                    if value < least:
                        best, least = other, value
        return best


def _unlikeliness(covariance: Reals, merits: Reals, theta: Sensitivity) -> float:
    """Minus the logarithm of the likelihood, up to a constant, and of a prior around the defaults."""
    covariance[np.diag_indices(len(merits))] += theta.noise
    factor = cholesky(covariance, lower=True, overwrite_a=True, check_finite=False)
    solved = solve_triangular(factor, merits, lower=True, check_finite=False)
    variance = max(1e-9, float(solved @ solved) / len(merits))
    usual = Sensitivity()
    prior = (
        _KIND * np.log(theta.kind / usual.kind) ** 2
        + _EFFECT * np.log(theta.effect / usual.effect) ** 2
        + _NOISE * np.log(theta.noise / usual.noise) ** 2
    )
    return float(0.5 * len(merits) * np.log(variance) + np.log(np.diag(factor)).sum() + prior)


def _kept(merits: Reals, most: int) -> Levels:
    """Rows to keep, in their order: all, or the best half of ``most`` and the newest of the others."""
    if len(merits) <= most:
        return np.arange(len(merits))
    best = np.argsort(-merits, kind="stable")[: most // 2]
    is_best = np.zeros(len(merits), dtype=bool)
    is_best[best] = True
    newest = np.flatnonzero(~is_best[-most:])[-(most - len(best)) :] + len(merits) - most
    return np.sort(np.concatenate([best, newest]))


def _similarities(rows: Reals, others: Reals) -> Reals:
    squares = rows @ (-2.0 * others.T)
    squares += (rows * rows).sum(1)[:, None]
    squares += (others * others).sum(1)
    np.maximum(squares, 0.0, out=squares)
    similar: Reals = np.exp(np.negative(squares, out=squares), out=squares)
    return similar


def _distances(rows: Reals) -> Reals:
    squares = (rows * rows).sum(1)
    found: Reals = np.maximum(squares[:, None] + squares - 2.0 * rows @ rows.T, 0.0)
    return found
