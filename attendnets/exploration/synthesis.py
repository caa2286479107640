"""Generative synthesis: generator and inquisitor in turn, from what was tried to what to try next.

    N_s = G(s; theta_G)          the generator makes candidates
    D = I(G; theta_I)            the inquisitor probes them and returns a change of theta_G: towards U, and
    theta_G <- theta_G + D       back within 1_r as far as costs tell it

All state follows from what was tried, so that a study that is taken up again proposes as it would have
without the break. The loop is the papers' (arXiv 1809.05989), the form of G, I and D is ours.

Letters: N points, D decisions, M points that were tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from attendnets.errors import UsageError
from attendnets.exploration.decision_levels import Decision, Encoding, Levels, Reals, Rows
from attendnets.exploration.excess import ExcessModel, Probe, learned
from attendnets.exploration.generator import Generator
from attendnets.exploration.inquisitor import BROAD, CLOSE, Inquisitor, View

_REPEATS_FROM = 50
# Deviations above what is expected of a point that it may reasonably turn out to be.
_HOPE = 2.0
_BROAD_TURN = 4
# Rows by which a fitted history is known again, beside all merits: what was tried does not change.
_RECOGNIZED = 512


@dataclass(frozen=True)
class SynthesisOptions:
    """How many candidates are drawn for one to be tried, and how the generator follows the inquisitor.

    ``first`` points are drawn before there is anything to learn from merits. ``generated`` are drawn for each
    proposal. ``parents``: how many of the best are probed for D. ``temperature``: the difference of expected
    merit, in standard deviations, that makes a level e times as likely. ``repeats``: the share of evaluations
    after the fiftieth that go to points tried before, where evaluations are noisy and may be repeated: until
    then new points tell more. ``broad``: after so many evaluations every fourth proposal is by the broad
    view: what is seen closely may be a place from which no single change leads on.
    """

    first: int = 12
    generated: int = 500
    parents: int = 4
    temperature: float = 0.6
    repeats: float = 0.0
    broad: int = 20

    def __post_init__(self) -> None:
        bounds = (
            ("first", self.first >= 2, "at least 2"),
            ("generated", self.generated >= 1, "at least 1"),
            ("parents", self.parents >= 1, "at least 1"),
            ("temperature", self.temperature > 0, "above 0"),
            ("broad", self.broad >= 1, "at least 1"),
            ("repeats", 0 <= self.repeats < 1, "from 0 to below 1"),
        )
        for name, good, rule in bounds:
            if not good:
                raise UsageError(f"SynthesisOptions: {name} is {getattr(self, name)}; it must be {rule}.")


@dataclass
class Synthesis:
    """Proposes points of a space of ``decisions``. Deterministic in what it is given.

    ``probe`` tells excesses of points over the requirements that costs tell; without it there are none.
    """

    decisions: tuple[Decision, ...]
    options: SynthesisOptions = SynthesisOptions()
    probe: Probe | None = None
    _last: tuple[bytes, Inquisitor] | None = field(default=None, repr=False)
    _made: tuple[Inquisitor, Generator, Reals] | None = field(default=None, repr=False)

    def inquisitor(self, tried: Rows, merits: Reals, view: View = CLOSE) -> Inquisitor:
        """I, having seen ``tried`` ``(M, D)`` in this order, with ``merits`` ``(M,)``, higher better."""
        key = _recognized(tried, merits)
        if self._last is None or self._last[0] != key or self._last[1].view != view:
            self._last = key, Inquisitor(self.encoding, tried, merits, self.options.repeats > 0.0, view)
        return self._last[1]

    @cached_property
    def encoding(self) -> Encoding:
        """Of the decisions, in numbers."""
        return Encoding(self.decisions)

    def generator(self, inquisitor: Inquisitor) -> Generator:
        """G after the inquisitor's change D: towards U, and back within 1_r as far as costs tell it.

        D is counted from the undecided generator, so that theta_G follows from what was tried alone.
        """
        return self._kept(inquisitor)[0]

    def multipliers(self, inquisitor: Inquisitor) -> Reals:
        """How hard each requirement ``(Q,)`` pressed on that generator; 0 where it does not bind."""
        return self._kept(inquisitor)[1]

    @cached_property
    def excess(self) -> ExcessModel | None:
        """What the inquisitor learned of 1_r from costs; None where there is nothing to be kept."""
        return None if self.probe is None else learned(self.encoding, self.probe)

    def wanted(self, inquisitor: Inquisitor) -> Generator:
        """G towards U alone: what networks near the best are expected to gain from a level."""
        expected = inquisitor.probe(self._parents(inquisitor))
        change = [merit / self.options.temperature for merit in expected]
        return Generator.undecided(self.decisions).updated(change)

    def _kept(self, inquisitor: Inquisitor) -> tuple[Generator, Reals]:
        if self._made is None or self._made[0] is not inquisitor:
            self._made = inquisitor, *self._within(self.wanted(inquisitor))
        return self._made[1:]

    def _within(self, wanted: Generator) -> tuple[Generator, Reals]:
        if self.excess is None:
            return wanted, np.zeros(0)
        multipliers = self.excess.multipliers(wanted)
        return self.excess.within(wanted, multipliers), multipliers

    def propose(
        self,
        tried: Rows,
        merits: Reals,
        acceptable: Callable[[Levels], bool],
        rng: np.random.Generator,
        number: int | None = None,
    ) -> Levels | None:
        """The next point ``(D,)``; None where no acceptable one was found.

        ``acceptable`` is asked of points in the order of their expected improvement, until one is.
        ``number`` says which proposal this is, counted from 0, where others are still being tried.
        """
        number = len(tried) if number is None else number
        if len(tried) >= self.options.first and self._repeats(tried):
            return self._again(self.inquisitor(tried, merits))
        if len(tried) < self.options.first:
            first, _ = self._within(Generator.undecided(self.decisions))
            candidates = first.draw(self.options.generated, rng)
        else:
            inquisitor = self.inquisitor(tried, merits, BROAD if self.is_broad(number) else CLOSE)
            candidates = _different(self.generator(inquisitor).draw(self.options.generated, rng))
            candidates = candidates[np.argsort(-inquisitor.improvement(candidates), kind="stable")]
        return next((point for point in candidates if acceptable(point)), None)

    def is_broad(self, number: int) -> bool:
        """Whether the proposal of this number, counted from 0, is by the inquisitor's broad view."""
        return number >= self.options.broad and (number - self.options.broad) % _BROAD_TURN == 0

    def _repeats(self, tried: Rows) -> bool:
        """Whether it is a tried point's turn."""
        if self.options.repeats == 0.0:
            return False
        repeated = len(tried) - len(np.unique(tried[np.arange(len(tried))], axis=0))
        return repeated < self.options.repeats * (len(tried) - _REPEATS_FROM)

    def _again(self, inquisitor: Inquisitor) -> Levels:
        """The tried point that may be the best: the most that can reasonably be hoped of it."""
        expected, deviation = inquisitor.expected
        again: Levels = inquisitor.tried[int(np.argmax(expected + _HOPE * deviation))]
        return again

    def _parents(self, inquisitor: Inquisitor) -> Levels:
        return inquisitor.tried[np.argsort(-inquisitor.fitted, kind="stable")[: self.options.parents]]


def _different(points: Levels) -> Levels:
    """Each of ``points`` ``(N, D)`` once, in the order of their levels."""
    # As bytes, highest first, they sort as levels do, and ten times as fast as by numpy.
    rows = sorted({row.tobytes() for row in points.astype(">i8")})
    return np.frombuffer(b"".join(rows), dtype=">i8").reshape(len(rows), points.shape[1]).astype(np.int64)


def _recognized(tried: Rows, merits: Reals) -> bytes:
    """What a history is known by again."""
    last = np.arange(max(0, len(tried) - _RECOGNIZED), len(tried))
    return b"%d" % len(tried) + tried[last].tobytes() + merits.tobytes()
