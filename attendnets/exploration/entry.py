"""A candidate while its study goes on, and a training of it that has begun."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property

from attendnets.errors import TrainingError
from attendnets.exploration.decisions import Decisions
from attendnets.exploration.evaluation import ShortTraining
from attendnets.exploration.record import GeneratorRecord
from attendnets.spec import NetworkSpec, digest


@dataclass
class Entry:
    """A candidate: ``results`` by rung, from 0 on, ``error`` where a training failed, ``training`` the rung
    begun.
    """

    number: int
    decisions: Decisions
    spec: NetworkSpec
    results: dict[int, ShortTraining]
    error: str | None = None
    generator: GeneratorRecord | None = None
    training: int | None = None

    @cached_property
    def digest(self) -> str:
        """That of ``spec``."""
        return digest(self.spec)

    @property
    def failed(self) -> bool:
        """Whether one of its trainings failed."""
        return self.error is not None

    @property
    def rung(self) -> int:
        """The highest rung on which it was trained; -1 before that."""
        return len(self.results) - 1

    @property
    def top1(self) -> float:
        """Validation accuracy on that rung, in percent."""
        return self.results[self.rung].top1_percent


@dataclass
class Task:
    """The training of ``entry`` on ``rung``.

    ``earlier``: an earlier sitting did it. ``recorded``: the study holds how it ended.
    """

    entry: Entry
    rung: int
    future: Future[ShortTraining]
    earlier: bool
    recorded: bool

    @property
    def is_fatal(self) -> bool:
        """Whether it ended in such a way that no other training can go on either."""
        error = self.future.exception() if self.future.done() else None
        return error is not None and not isinstance(error, TrainingError)
