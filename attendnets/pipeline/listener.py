"""What a running job tells the outside: plain values, so that terminals, pipes and notebooks can listen."""

from __future__ import annotations

from dataclasses import dataclass

from attendnets.run import Stage


@dataclass(frozen=True)
class Step:
    """Progress within a stage: ``done`` of ``total`` (no total: unknown), and seconds left where known."""

    stage: Stage
    text: str
    done: float
    total: float | None
    seconds_left: float | None


@dataclass(frozen=True)
class CandidateTrained:
    """A candidate of the exploration has finished a short training on ``rung`` (from 1) of ``rungs``.

    ``validation_top1_percent`` is None where the training failed. ``earlier``: it was known before this
    process began.
    """

    number: int
    digest: str
    rung: int
    rungs: int
    epochs: int
    validation_top1_percent: float | None
    parameters: int
    macs: int
    weights_bytes: int
    earlier: bool = False


@dataclass(frozen=True)
class EpochTrained:
    """Epoch ``epoch`` (from 1) of ``epochs`` of the final training is done; see ``training.EpochRecord``."""

    epoch: int
    epochs: int
    seconds: float
    train_loss: float
    validation_loss: float
    validation_top1_percent: float


class Listener:
    """Hears of a job and says nothing; subclasses print.

    What a method raises stops the job where it is; the same job goes on from there.
    """

    def started(self, stage: Stage) -> None:
        """A stage begins."""

    def skipped(self, stage: Stage) -> None:
        """A stage is finished already and is not repeated."""

    def step(self, step: Step) -> None:
        """A stage goes on; called often."""

    def candidate(self, candidate: CandidateTrained) -> None:
        """A short training of the exploration is done."""

    def chosen(self, digest: str) -> None:
        """The exploration has chosen the network with this digest."""

    def epoch(self, epoch: EpochTrained) -> None:
        """An epoch of the final training is done."""

    def planned(self, seconds_left: float) -> None:
        """The whole job will last about so long from now; told again as it becomes better known."""

    def finished(self, stage: Stage, seconds: float, text: str) -> None:
        """A stage is done; ``text`` is its result in one line."""

    def note(self, text: str) -> None:
        """A sentence for the user, such as a licence."""
