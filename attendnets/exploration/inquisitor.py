"""The inquisitor I: learns from what was tried how decisions act on merit, and says what to expect.

Its model is a Gaussian process over decisions. Two networks are the more alike the fewer the decisions in
which they differ, and the nearer the effects of what they decided:

    k = exp(-1 / D * sum over decisions d of  KIND * difference_d + EFFECT * (e_d - e'_d)^2)

The effects e are theta_I, what the inquisitor finds by probing: it sets one decision of known networks to
each of its levels and reads how the expected merit reacts. The form is ours; the papers publish none
(docs/generative_synthesis.md).

Letters: N points, D decisions, L the most levels of a decision, M points that were tried, R reference points.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.special import ndtr, ndtri

from attendnets.exploration.decision_levels import Encoding, Levels, Reals

MOST_POINTS = 256
"""Points that the process is conditioned on: the best half and the newest half beyond that."""
MOST_REFERENCES = 32
"""Points that are probed for effects."""
KIND, EFFECT, NOISE = 1.0, 6.0, 0.05
"""How far networks differ by deciding otherwise and by its effect, and the share of noise in merits."""
_TURNS = 2
"""Times that effects are probed, each time with those found before."""


def normal_ranks(merits: Reals) -> Reals:
    """Merits ``(M,)``, higher is better, to the normal quantiles of their ranks.

    Only the order counts: a candidate that failed altogether moves the others no further than the last.
    Equal merits get equal quantiles.
    """
    order = np.sort(merits)
    ranks = (np.searchsorted(order, merits, "left") + np.searchsorted(order, merits, "right")) / 2.0
    quantiles: Reals = ndtri(ranks / len(merits)) if len(merits) > 1 else np.zeros(len(merits))
    return quantiles


class Inquisitor:
    """What ``merits`` ``(M,)`` of ``tried`` ``(M, D)`` tell of all points; higher merits are better.

    ``effects`` ``(L, D)``: what was found out from most of that before; without them they are found out anew.
    """

    def __init__(
        self, encoding: Encoding, tried: Levels, merits: Reals, effects: Reals | None = None
    ) -> None:
        kept = _kept(merits, MOST_POINTS)
        self.encoding, self.tried = encoding, tried[kept]
        self._merits = normal_ranks(merits)[kept]
        if effects is not None:
            self._condition(effects)
            return
        self._condition(np.zeros((encoding.most, len(encoding.decisions))))
        for _ in range(_TURNS):
            self._condition(self._probed())

    def _condition(self, effects: Reals) -> None:
        self.effects = effects
        self._rows = self._encoded(self.tried)
        covariance = _similarities(self._rows, self._rows)
        covariance[np.diag_indices(len(self._rows))] += NOISE
        self._factor = cholesky(covariance, lower=True, overwrite_a=True, check_finite=False)
        self._weights = cho_solve((self._factor, True), self._merits, check_finite=False)
        self.variance = max(1e-9, float(self._merits @ self._weights) / len(self._rows))

    def _encoded(self, points: Levels) -> Reals:
        count = len(self.encoding.decisions)
        return self.encoding.rows(points, KIND / count, self.effects * np.sqrt(EFFECT / count))

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
        found: Reals = self._merits - NOISE * self._weights
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
        effects = self.effects.T
        distances = KIND * self.encoding.differences + EFFECT * (effects[:, :, None] - effects[:, None]) ** 2
        factors = np.exp(-distances / len(effects))
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
