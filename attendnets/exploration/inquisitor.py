"""The inquisitor I: learns from what was tried how decisions act on merit, and says what to expect.

Its model is a Gaussian process over decisions with a Matern kernel of smoothness 3/2:

    k = (1 + sqrt(3) r) * exp(-sqrt(3) r)
    r^2 = 1 / (2 D) * (sum over decisions d of difference_d + shared * sum over families f of difference_f)

Two networks are the more alike the fewer the decisions in which they differ. Where several decisions choose
among the same levels, as the kinds of stages do, they are the more alike the more often they choose the same,
wherever that is: a little in a close view, mostly that in a broad one. The form is ours; the papers publish
none (docs/generative_synthesis.md).

Letters: N points, D decisions, M points that were tried, R reference points.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.special import ndtr, ndtri

from attendnets.exploration.decision_levels import Encoding, Levels, Reals

MOST_POINTS = 256
"""Points that the process is conditioned on: the best half and the newest half beyond that."""
REACH = 2.0
"""How far likeness reaches."""


@dataclass(frozen=True)
class View:
    """What the sums of families count (``shared``), and the share of ``noise`` in merits."""

    shared: float
    noise: float


CLOSE, BROAD = View(shared=0.3, noise=0.05), View(shared=10.0, noise=0.3)


def normal_ranks(merits: Reals, weights: Reals | None = None) -> Reals:
    """Merits ``(M,)``, higher is better, to the normal quantiles of their ranks.

    Only the order counts: a candidate that failed altogether moves the others no further than the last.
    Equal merits get equal quantiles. ``weights`` ``(M,)``: how many ranks each takes up, one without them.
    """
    if len(merits) < 2:
        return np.zeros(len(merits))
    order = np.argsort(merits, kind="stable")
    taken = np.concatenate([[0.0], np.cumsum(np.ones(len(merits)) if weights is None else weights[order])])
    ordered = merits[order]
    below, upto = np.searchsorted(ordered, merits, "left"), np.searchsorted(ordered, merits, "right")
    quantiles: Reals = ndtri((taken[below] + taken[upto]) / (2.0 * taken[-1]))
    return quantiles


class Inquisitor:
    """What ``merits`` ``(M,)`` of ``tried`` ``(M, D)`` tell of all points; higher merits are better.

    ``repeated``: points may have been tried several times. Those then take up one rank among them: the ranks
    of others do not depend on how often the best is tried again.
    """

    def __init__(
        self, encoding: Encoding, tried: Levels, merits: Reals, repeated: bool = False, view: View = CLOSE
    ) -> None:
        kept = _kept(merits, MOST_POINTS)
        self.encoding, self.tried, self.view = encoding, tried[kept], view
        self._merits = normal_ranks(merits, _shares(tried) if repeated else None)[kept]
        self._rows = self._encoded(self.tried)
        covariance = _similarities(self._rows, self._rows)
        covariance[np.diag_indices(len(self._rows))] += view.noise
        self._factor = cholesky(covariance, lower=True, overwrite_a=True, check_finite=False)
        self._weights = cho_solve((self._factor, True), self._merits, check_finite=False)
        self.variance = max(1e-9, float(self._merits @ self._weights) / len(self._rows))

    def _encoded(self, points: Levels) -> Reals:
        """Rows whose squared distances are 3 r^2."""
        return self._scaled(self.encoding.rows(points, self.view.shared))

    def _scaled(self, rows: Reals) -> Reals:
        scaled: Reals = rows * np.sqrt(3.0 / (REACH * len(self.encoding.decisions)))
        return scaled

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
        found: Reals = self._merits - self.view.noise * self._weights
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
        decisions, _ = self.encoding.each_level
        starts = np.searchsorted(decisions, np.arange(len(self.encoding.decisions)))
        # A network with one level for another is its row with one level's part for the other's.
        parts = self._scaled(self.encoding.level_rows(self.view.shared))
        of_parts = parts @ self._rows.T
        norms = (self._rows * self._rows).sum(1)
        found = np.zeros(len(decisions))
        # One by one, for arrays that fit the cache are twice as fast.
        for row, reference in zip(self._encoded(references), references, strict=True):
            now = starts + reference
            other = np.delete(np.arange(len(decisions)), now)
            before = now[decisions[other]]
            changed = row + parts[other] - parts[before]
            own = self._rows @ row
            products = of_parts[other] - of_parts[before]
            products += own
            products *= -2.0
            products += norms
            products += (changed * changed).sum(1)[:, None]
            found[other] += _matern(products) @ self._weights
            found[now] += _matern(norms - 2.0 * own + row @ row) @ self._weights
        return tuple(np.split(found / len(references), starts[1:]))

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


def _shares(tried: Levels) -> Reals:
    """One over how often each of ``tried`` ``(M, D)`` was: ``(M,)``."""
    _, place, counts = np.unique(tried, axis=0, return_inverse=True, return_counts=True)
    shares: Reals = 1.0 / counts[place.ravel()]
    return shares


def _similarities(rows: Reals, others: Reals) -> Reals:
    """k, from rows whose squared distances are 3 r^2."""
    squares = rows @ (-2.0 * others.T)
    squares += (rows * rows).sum(1)[:, None]
    squares += (others * others).sum(1)
    return _matern(squares)


def _matern(squares: Reals) -> Reals:
    """k of 3 r^2, which is overwritten."""
    distances = np.sqrt(np.maximum(squares, 0.0, out=squares), out=squares)
    similar: Reals = np.exp(-distances)
    distances += 1.0
    similar *= distances
    return similar
