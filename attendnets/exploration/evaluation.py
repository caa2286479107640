"""What a short training is to the study: a network and a number of epochs in, its result out."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from attendnets.errors import TrainingError
from attendnets.exploration.record import Reaction
from attendnets.spec import NetworkSpec

CRASHES = (
    RuntimeError,
    ValueError,
    ArithmeticError,
    MemoryError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
)
"""What is raised where a network cannot be trained, for lack of memory too. An OSError counts only where
it tells of that: what is wrong with a disk is wrong for all networks."""


@dataclass(frozen=True)
class ShortTraining:
    """Result of a short training on one rung, on ``images`` validation images.

    ``loss`` is the mean cross-entropy in nats and ``loss_error`` its standard error: it tells networks
    apart with far fewer images than accuracy does. ``reactions`` are those of its blocks to being disturbed.
    """

    top1_percent: float
    images: int
    loss: float
    loss_error: float
    seconds: float
    reactions: tuple[Reaction, ...] = ()


class Evaluate(Protocol):
    """Trains a candidate shortly; deterministic in its arguments. Raises TrainingError where it cannot."""

    def __call__(self, spec: NetworkSpec, epochs: int) -> ShortTraining:
        """Validation accuracy after ``epochs``."""


class Workers(Protocol):
    """Does ``count`` short trainings at a time. One that dies is replaced, its training done again."""

    @property
    def count(self) -> int:
        """How many are done side by side."""

    @property
    def deaths(self) -> Sequence[str]:
        """How workers died so far, oldest first, as in "ended by SIGKILL"."""

    def submit(self, spec: NetworkSpec, epochs: int) -> Future[ShortTraining]:
        """Begin a short training; its future holds the result, or a TrainingError."""


class InProcess:
    """One training at a time, by this process, done when it is submitted."""

    count = 1
    deaths: tuple[str, ...] = ()

    def __init__(self, evaluate: Evaluate) -> None:
        self._evaluate = evaluate

    def submit(self, spec: NetworkSpec, epochs: int) -> Future[ShortTraining]:
        """See :class:`Workers`."""
        future: Future[ShortTraining] = Future()
        try:
            future.set_result(self._evaluate(spec, epochs))
        except TrainingError as error:
            future.set_exception(error)
        except OSError as error:
            if error.errno != errno.ENOMEM:
                raise
            future.set_exception(TrainingError(crash(error)))
        except CRASHES as error:
            future.set_exception(TrainingError(crash(error)))
        return future


def crash(error: BaseException) -> str:
    """Why the candidate counts as failed whose training raised ``error``."""
    said = " ".join(str(error).split())
    return f"its training ended with {type(error).__name__}" + (f": {said}" if said else "")
