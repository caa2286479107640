"""Who says what to try next: the one seam between the study and the art of searching.

A :class:`Proposer` sees what is finished and returns a point of the space that ``accept`` lets pass.
Here: prototypes first, then what generator and inquisitor make of all that was tried.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Protocol, TypeAlias

import numpy as np

from attendnets.exploration.blas import one_thread
from attendnets.exploration.decision_levels import Reals, Rows
from attendnets.exploration.decisions import Decisions, Space
from attendnets.exploration.influence import drivers
from attendnets.exploration.record import Driver, GeneratorRecord
from attendnets.exploration.screening import Screen
from attendnets.exploration.space_levels import Finished, SpaceLevels
from attendnets.exploration.synthesis import Synthesis, SynthesisOptions
from attendnets.requirements import Requirements
from attendnets.spec import NetworkSpec, digest

Accept: TypeAlias = Callable[[NetworkSpec], bool]

_FIRST = 8
"""Points drawn evenly where no prototypes are given."""
_ROUNDS = 6
_ATTEMPTS, _ATTEMPTS_A_CHANGE = 2000, 250
_DIGITS = 4


@dataclass(frozen=True)
class Proposal:
    """A point to try, and the generator that it was drawn beside, where there is one by then."""

    decisions: Decisions
    generator: GeneratorRecord | None = None


class Proposer(Protocol):
    """Deterministic in its arguments: all randomness comes from ``rng``."""

    def propose(
        self, finished: Sequence[Finished], seen: frozenset[str], accept: Accept, rng: random.Random
    ) -> Proposal | None:
        """The next point; None when no new acceptable one was found.

        ``finished`` is sorted best first; ``seen`` holds the digests of all networks tried so far.
        """

    @property
    def drivers(self) -> tuple[Driver, ...]:
        """What was learned of the requirements that costs tell; empty where it does not learn that."""


@dataclass(frozen=True)
class SynthesisProposer:
    """Prototypes in their order, then generative synthesis over all decisions of ``space``.

    Networks that costs rule out are never proposed: of what the generator draws, the best that ``accept``
    lets pass is taken (the indicator 1_r of the papers as a gate). With ``screen`` the generator learns to
    make such as it lets pass.
    """

    space: Space
    prototypes: tuple[Decisions, ...] = ()
    screen: Screen = field(default_factory=lambda: Screen(Requirements()))

    def propose(
        self, finished: Sequence[Finished], seen: frozenset[str], accept: Accept, rng: random.Random
    ) -> Proposal | None:
        """See :class:`Proposer`."""
        for prototype in self.prototypes:
            if _is_new(self.space.network(prototype), seen, accept):
                return Proposal(self.space.canonical(prototype))
        with one_thread():
            return self._synthesised(finished, seen, accept, rng)

    def _synthesised(
        self, finished: Sequence[Finished], seen: frozenset[str], accept: Accept, rng: random.Random
    ) -> Proposal | None:
        tried, merits = self.levels.history(finished)
        number = len(seen)
        # What is made by a broad view is none of the successive generators.
        generator = None if self._synthesis.is_broad(number) else self._generator(tried, merits)
        for _ in range(_ROUNDS):
            point = self._synthesis.propose(
                tried,
                merits,
                lambda levels: _is_new(self.space.network(self.levels.decisions(levels)), seen, accept),
                np.random.default_rng(rng.getrandbits(64)),
                number,
            )
            if point is not None:
                return Proposal(self.space.canonical(self.levels.decisions(point)), generator)
        # A small space is nearly used up, or hardly any network passes: near those that did, ever further.
        passed = [*(item.decisions for item in finished), self.space.smallest()]
        for attempt in range(_ATTEMPTS):
            changes = 1 + rng.randrange(3) + attempt // _ATTEMPTS_A_CHANGE
            neighbour = self.space.mutate(rng.choice(passed), rng, changes)
            if _is_new(self.space.network(neighbour), seen, accept):
                return Proposal(self.space.canonical(neighbour), generator)
        return None

    @cached_property
    def levels(self) -> SpaceLevels:
        """Points of the space as rows of whole numbers."""
        return SpaceLevels(self.space)

    @cached_property
    def _synthesis(self) -> Synthesis:
        given = len(self.prototypes)
        return Synthesis(
            self.levels.of_each,
            SynthesisOptions(first=given if given > 1 else _FIRST),
            partial(self.levels.excesses, screen=self.screen) if self.screen.gates else None,
        )

    @property
    def drivers(self) -> tuple[Driver, ...]:
        """See :class:`Proposer`."""
        with one_thread():
            return drivers(self.levels, self._synthesis.excess, self.screen.gates)

    def _generator(self, tried: Rows, merits: Reals) -> GeneratorRecord | None:
        """G as it stands; None before there is anything to learn from merits."""
        if len(tried) < self._synthesis.options.first:
            return None
        inquisitor = self._synthesis.inquisitor(tried, merits)
        generator = self._synthesis.generator(inquisitor)
        pressures = self._synthesis.multipliers(inquisitor)
        return GeneratorRecord(
            entropy=round(generator.entropy, _DIGITS),
            chances={
                name: tuple(round(float(share), _DIGITS) for share in chances)
                for name, chances in zip(self.space.choices(), generator.chances, strict=True)
            },
            multipliers={
                name: round(float(pressure), _DIGITS)
                for name, pressure in zip(self.screen.gates, pressures, strict=False)
            },
        )


def _is_new(network: NetworkSpec, seen: frozenset[str], accept: Accept) -> bool:
    return digest(network) not in seen and accept(network)
