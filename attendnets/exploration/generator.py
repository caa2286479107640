"""The generator G: parameters theta_G over all decisions; a seed picks a network.

theta_G holds one logit for each level of each decision. A seed s draws every decision from its softmax, so
that G(s; theta_G) is a network and successive theta_G are successive generators. The form is ours; the
papers publish none (docs/generative_synthesis.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from attendnets.exploration.decision_levels import Decision, Levels, Reals


@dataclass(frozen=True)
class Generator:
    """``theta``: one array of logits ``(levels,)`` for each decision."""

    theta: tuple[Reals, ...]

    @classmethod
    def undecided(cls, decisions: Sequence[Decision]) -> Generator:
        """All levels alike."""
        return cls(tuple(np.zeros(decision.levels) for decision in decisions))

    def updated(self, change: Sequence[Reals]) -> Generator:
        """theta_G + D: the next generator."""
        return Generator(tuple(own + delta for own, delta in zip(self.theta, change, strict=True)))

    @cached_property
    def chances(self) -> tuple[Reals, ...]:
        """Probability of each level, ``(levels,)`` a decision."""
        return tuple(_softmax(logits) for logits in self.theta)

    @property
    def entropy(self) -> float:
        """Mean over decisions of its entropy beside an undecided one's: 1 knows nothing, 0 is settled."""
        shares = [
            float(-(chance * np.log2(np.maximum(chance, 1e-300))).sum()) / np.log2(len(chance))
            for chance in self.chances
            if len(chance) > 1
        ]
        return float(np.mean(shares)) if shares else 0.0

    def draw(self, count: int, rng: np.random.Generator) -> Levels:
        """``count`` points ``(count, D)``; the seed is the state of ``rng``."""
        uniform = rng.random((count, len(self.theta)))
        # A level is as high as the number of those before whose chances together are below the draw.
        upto = np.ones((max(map(len, self.theta)), len(self.theta)))
        for d, chance in enumerate(self.chances):
            upto[: len(chance) - 1, d] = np.cumsum(chance)[:-1]
        drawn = np.zeros(uniform.shape, dtype=np.int64)
        for each in upto[:-1]:
            drawn += each < uniform
        return drawn


def _softmax(logits: Reals) -> Reals:
    powers = np.exp(logits - logits.max())
    shares: Reals = powers / powers.sum()
    return shares
