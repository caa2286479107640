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

from attendnets.exploration.decision_levels import Encoding, Levels, Reals, Rows

MOST_POINTS = 256
"""Points that the process is conditioned on: the best half and the newest half beyond that."""
_AT_ONCE = 128
REACH = 2.0
"""How far likeness reaches."""


@dataclass(frozen=True)
class View:
    """What the sums of families count (``shared``), and the share of ``noise`` in merits."""

    shared: float
    noise: float


CLOSE, BROAD = View(shared=0.3, noise=0.05), View(shared=10.0, noise=0.3)


def normal_ranks(merits: Reals, weights: Reals | None = None, places: Levels | None = None) -> Reals:
    """Merits ``(M,)``, higher is better, to the normal quantiles of their ranks: of all, or at ``places``.

    Only the order counts: a candidate that failed altogether moves the others no further than the last.
    Equal merits get equal quantiles. ``weights`` ``(M,)``: how many ranks each takes up, one without them.
    """
    asked = merits if places is None else merits[places]
    if len(merits) < 2:
        return np.zeros(len(asked))
    ordered, ranks = np.sort(merits), np.ones(len(merits))
    if weights is not None:
        ranks = weights[np.argsort(merits, kind="stable")]
    taken = np.concatenate([[0.0], np.cumsum(ranks)])
    below, upto = np.searchsorted(ordered, asked, "left"), np.searchsorted(ordered, asked, "right")
    quantiles: Reals = ndtri((taken[below] + taken[upto]) / (2.0 * taken[-1]))
    return quantiles


class Inquisitor:
    """What ``merits`` ``(M,)`` of ``tried`` ``(M, D)`` tell of all points; higher merits are better.

    ``repeated``: points may have been tried several times. Those then take up one rank among them: the ranks
    of others do not depend on how often the best is tried again.
    """

    def __init__(
        self, encoding: Encoding, tried: Rows, merits: Reals, repeated: bool = False, view: View = CLOSE
    ) -> None:
        kept = _kept(merits, MOST_POINTS)
        self.encoding, self.tried, self.view = encoding, tried[kept], view
        self._merits = normal_ranks(merits, _shares(tried) if repeated else None, kept)
        self._rows = self._encoded(self.tried)
        self._others = _as_others(self._rows)
        covariance = _similarities(self._rows, self._others)
        covariance[np.diag_indices(len(self._rows))] += view.noise
        self._factor = cholesky(covariance, lower=True, overwrite_a=True, check_finite=False)
        self._weights = cho_solve((self._factor, True), self._merits, check_finite=False)
        self.variance = max(1e-9, float(self._merits @ self._weights) / len(self._rows))

    def _encoded(self, points: Levels) -> Reals:
        """Rows whose squared distances are 3 r^2."""
        rows = self.encoding.rows(points, self.view.shared)
        rows *= self._scale
        return rows

    @property
    def _scale(self) -> float:
        return float(np.sqrt(3.0 / (REACH * len(self.encoding.decisions))))

    def expect(self, points: Levels) -> tuple[Reals, Reals]:
        """Mean and standard deviation ``(N,)`` of the merit of ``points`` ``(N, D)``, in normal quantiles."""
        similar = np.empty((len(points), len(self._rows)))
        # In parts, and in place: arrays that do not fit the cache are slow, and slow to come by.
        for start in range(0, len(points), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            similar[part] = _similarities(self._encoded(points[part]), self._others)
        mean = similar @ self._weights
        solved = solve_triangular(self._factor, similar.T, lower=True, overwrite_b=True, check_finite=False)
        solved *= solved
        return mean, np.sqrt(self.variance * np.maximum(1.0 - solved.sum(0), 1e-9))

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
        sums = self.encoding.sums * (self._scale * np.sqrt(self.view.shared))
        features = len(self.encoding.owners)
        # With one level for another, only what that decision and its family add to distances is another.
        adds = self._scale**2 * np.take_along_axis(self.encoding.apart, self.tried.T[decisions], axis=1)
        adds -= 2.0 * sums @ self._rows[:, features:].T
        rows = self._encoded(references)
        found = np.zeros(len(decisions))
        for row, reference, squared in zip(rows, references, _squares(rows, self._others), strict=True):
            now = starts + reference
            before = now[decisions]
            moved = sums - sums[before]
            squares = adds - adds[before]
            squares += squared
            squares += (2.0 * moved @ row[features:] + (moved * moved).sum(1))[:, None]
            found += _matern(squares) @ self._weights
        return tuple(np.split(found / len(references), starts[1:]))

    def contrast(self, points: Levels, others: Levels) -> tuple[float, float]:
        """By how much the mean merit of ``points`` exceeds that of ``others``, and its standard error.

        Both ``(R, D)``; in normal quantiles.
        """
        rows = self._encoded(np.concatenate([points, others]))
        weights = np.concatenate(
            [np.full(len(points), 1 / len(points)), np.full(len(others), -1 / len(others))]
        )
        similar = weights @ _similarities(rows, self._others)
        solved = solve_triangular(self._factor, similar, lower=True)
        left = float(weights @ _similarities(rows, _as_others(rows)) @ weights - solved @ solved)
        return float(similar @ self._weights), float(np.sqrt(self.variance * max(left, 0.0)))


def _kept(merits: Reals, most: int) -> Levels:
    """Rows to keep, in their order: all, or the best half of ``most`` and the newest of the others."""
    if len(merits) <= most:
        return np.arange(len(merits))
    half = most // 2
    good = np.flatnonzero(merits >= np.partition(merits, -half)[-half])
    best = good[np.argsort(-merits[good], kind="stable")[:half]]
    is_best = np.zeros(len(merits), dtype=bool)
    is_best[best] = True
    newest = np.flatnonzero(~is_best[-most:])[-(most - len(best)) :] + len(merits) - most
    return np.sort(np.concatenate([best, newest]))


def _shares(tried: Rows) -> Reals:
    """One over how often each of ``tried`` ``(M, D)`` was: ``(M,)``."""
    _, place, counts = np.unique(
        tried[np.arange(len(tried))], axis=0, return_inverse=True, return_counts=True
    )
    shares: Reals = 1.0 / counts[place.ravel()]
    return shares


def _as_others(rows: Reals) -> tuple[Reals, Reals]:
    """What :func:`_squares` takes of the other rows."""
    return -2.0 * rows.T, (rows * rows).sum(1)


def _similarities(rows: Reals, others: tuple[Reals, Reals]) -> Reals:
    """k, from rows whose squared distances are 3 r^2."""
    return _matern(_squares(rows, others))


def _squares(rows: Reals, others: tuple[Reals, Reals]) -> Reals:
    products, norms = others
    squares: Reals = rows @ products
    squares += (rows * rows).sum(1)[:, None]
    squares += norms
    return squares


def _matern(squares: Reals) -> Reals:
    """k of 3 r^2, which is overwritten."""
    distances = np.sqrt(np.maximum(squares, 0.0, out=squares), out=squares)
    similar: Reals = np.exp(-distances)
    distances += 1.0
    similar *= distances
    return similar
