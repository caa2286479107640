"""What a study tells: each candidate, the whole when it is done, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from attendnets.spec import NetworkSpec


@dataclass(frozen=True)
class Candidate:
    """One network of the study and all that is known of it.

    ``violation`` is over counted and predicted requirements and, as far as trained, accuracy. ``error`` says
    why one failed.
    """

    number: int
    digest: str
    spec: NetworkSpec
    state: Literal["complete", "stopped", "failed", "given"]
    rung: int
    epochs: int
    figures: dict[str, float]
    validation_top1_percent: float | None
    netscore: float | None
    violation: float
    seconds: float
    validation_loss: float | None = None
    error: str | None = None


@dataclass(frozen=True)
class StudyRecord:
    """A finished exploration. ``chosen`` is the digest of the network to train."""

    candidates: tuple[Candidate, ...]
    chosen: str
    screened: int
    refused: int
    seconds: float
    objective: str
    trials: int
    seed: int
    rung_epochs: tuple[int, ...]
    validation_images: int
    largest_macs: float | None

    @property
    def network(self) -> NetworkSpec:
        """The chosen network."""
        return next(c.spec for c in self.candidates if c.digest == self.chosen)


@dataclass(frozen=True)
class StudyProgress:
    """Told before and after every short training.

    ``last`` is the candidate whose training on its ``rung`` has just ended, well or not; ``earlier``: it
    was in the journal already.
    """

    started: int
    rung: int
    best_top1_percent: float | None
    seconds: float
    seconds_left: float | None
    last: Candidate | None = None
    earlier: bool = False
