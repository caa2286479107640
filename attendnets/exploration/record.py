"""What a study tells: each candidate, the whole when it is done, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from attendnets.spec import NetworkSpec


@dataclass(frozen=True)
class GeneratorRecord:
    """A generator: the probability of each value of each decision, in the order of the space's choices.

    ``entropy``: 1 knows nothing yet, 0 is settled. ``multipliers``: how hard each requirement that costs tell
    pressed on it, 0 where it did not bind; "time" stands for what can be trained in the time there is.
    """

    entropy: float
    chances: dict[str, tuple[float, ...]]
    multipliers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Influence:
    """How much a decision matters: what its ``best`` value is expected to gain over its ``worst``.

    In standard deviations of merit over all candidates, with the standard error of that difference.
    """

    decision: str
    best: bool | int | float | str
    worst: bool | int | float | str
    gain: float
    error: float


@dataclass(frozen=True)
class Driver:
    """How far a decision drives a requirement, or a constraint, to being broken.

    ``excess``: by how much its value ``most`` is expected to add more than ``least`` does to the logarithm of
    the required figure, or to that of 1 + the number of places where the constraint is broken.
    """

    requirement: str
    decision: str
    least: bool | int | float | str
    most: bool | int | float | str
    excess: float


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's, of validation losses after ``epochs`` with those after ``longer_epochs``.

    ``networks`` were trained for both; what so few cannot tell is None. ``interval`` is of 95 %.
    """

    epochs: int
    longer_epochs: int
    networks: int
    correlation: float | None
    interval: tuple[float, float] | None

    def __str__(self) -> str:
        """Such as "3 epochs with 27: 0.71 (0.12 to 0.93) over 6 networks"."""
        rungs = f"{self.epochs} epoch{'' if self.epochs == 1 else 's'} with {self.longer_epochs}"
        networks = f"{self.networks} network{'' if self.networks == 1 else 's'}"
        if self.correlation is None:
            return f"{rungs}: unknown over {networks}"
        if self.interval is None:
            return f"{rungs}: {self.correlation:.2f} over {networks}, too few for an interval"
        lower, upper = self.interval
        return f"{rungs}: {self.correlation:.2f} ({lower:.2f} to {upper:.2f}) over {networks}"


@dataclass(frozen=True)
class Reaction:
    """How a trained network reacts when a block, ``part`` ("stages.0.1"), is disturbed.

    "ablate": what it adds to its shortcut, or the signal of its gate, is 0. "halve": the weaker half of its
    inner channels is 0. ``loss_change``: of the mean cross-entropy in nats, with its standard error over
    images. The shares, from 0 to 1, are the block's of the network's multiply-adds and parameters.
    """

    part: str
    stimulus: Literal["ablate", "halve"]
    loss_change: float
    error: float
    macs_share: float
    parameters_share: float


@dataclass(frozen=True)
class Candidate:
    """One network of the study and all that is known of it.

    ``violation`` is over counted and predicted requirements and, as far as trained, accuracy. ``error`` says
    why one failed, whatever it had reached on lower rungs: it has no accuracy then and no epochs.
    ``reactions`` are those after its training on ``rung``.
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
    generator: GeneratorRecord | None = None
    error: str | None = None
    reactions: tuple[Reaction, ...] = ()


@dataclass(frozen=True)
class StudyRecord:
    """A finished exploration. ``chosen`` is the digest of the network to train.

    ``choices`` are the space's decisions with their values, ``influences`` what was learned of them, those
    that matter most first, ``drivers`` what was learned of the requirements that costs tell, ``fidelities``
    how well shorter trainings told what longer ones said.
    """

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
    choices: dict[str, tuple[bool | int | float | str, ...]] = field(default_factory=dict)
    influences: tuple[Influence, ...] = ()
    drivers: tuple[Driver, ...] = ()
    fidelities: tuple[RankCorrelation, ...] = ()

    @property
    def network(self) -> NetworkSpec:
        """The chosen network."""
        return next(c.spec for c in self.candidates if c.digest == self.chosen)

    @property
    def pressures(self) -> dict[str, float]:
        """How hard each requirement that costs tell pressed on the last generator; empty if there is none."""
        newest_first = sorted(self.candidates, key=lambda candidate: -candidate.number)
        return next((c.generator.multipliers for c in newest_first if c.generator is not None), {})


@dataclass(frozen=True)
class StudyProgress:
    """Told before and after every short training.

    ``last`` is the candidate whose training on its ``rung`` has just ended, well or not; ``earlier``: it
    was in the journal already. ``entropy`` is that of the newest generator.
    """

    started: int
    best_top1_percent: float | None
    seconds: float
    seconds_left: float | None
    last: Candidate | None = None
    earlier: bool = False
    entropy: float | None = None
