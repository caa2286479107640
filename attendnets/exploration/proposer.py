"""Who says what to try next: the one seam between the study and the art of searching.

A :class:`Proposer` sees what is finished and returns a point of the space that ``accept`` lets pass.
Here: a prototype first, then random points and mutations of the best.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from attendnets.exploration.decisions import Decisions, Space, Value
from attendnets.spec import NetworkSpec, digest

Accept: TypeAlias = Callable[[NetworkSpec], bool]


@dataclass(frozen=True)
class Finished:
    """A point with what is known of it; points are given best first."""

    decisions: Mapping[str, Value]
    digest: str


class Proposer(Protocol):
    """Deterministic in its arguments: all randomness comes from ``rng``."""

    def propose(
        self, finished: Sequence[Finished], seen: frozenset[str], accept: Accept, rng: random.Random
    ) -> Decisions | None:
        """The next point; None when no new acceptable one was found.

        ``finished`` is sorted best first; ``seen`` holds the digests of all networks tried so far.
        """


@dataclass(frozen=True)
class MutationProposer:
    """Prototypes in their order, then ``random_share`` random points, else a mutation of one of the best."""

    space: Space
    prototypes: tuple[Decisions, ...] = ()
    random_share: float = 0.25
    parents: int = 4
    attempts: int = 4000

    def propose(
        self, finished: Sequence[Finished], seen: frozenset[str], accept: Accept, rng: random.Random
    ) -> Decisions | None:
        """See :class:`Proposer`."""
        for prototype in self.prototypes:
            network = self.space.network(prototype)
            if digest(network) not in seen and accept(network):
                return prototype
        explore = not finished or rng.random() < self.random_share
        for attempt in range(self.attempts):
            if explore and attempt < self.attempts // 2:
                point = self.space.draw(rng)
            elif finished:
                parent = rng.choice(finished[: self.parents])
                point = self.space.mutate(parent.decisions, rng, 1 + rng.randrange(3) + attempt // 500)
            else:
                point = self.space.mutate(self.space.smallest(), rng, 1 + rng.randrange(8))
            network = self.space.network(point)
            if accept(network) and digest(network) not in seen:
                return point
        return None
