"""A process that does short trainings for another: JSON lines in, JSON lines out.

    python -m attendnets.exploration.worker

The first line is a :class:`Setting`, answered by :data:`READY`; each further one is an :class:`Order`,
answered by an :class:`Answer`. It ends with its input, and is killed with the process that began it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import torch

from attendnets.data import Augmentation, LearningData, PixelCache
from attendnets.errors import AttendnetsError, TrainingError
from attendnets.exploration.evaluation import ShortTraining, crash
from attendnets.exploration.short_training import ShortTrainer
from attendnets.spec import NetworkSpec
from attendnets.training import Recipe
from attendnets.training.memory import keep_freed_memory

READY = b"ready\n"
_PARENT_DEATH_SIGNAL = 1


@dataclass(frozen=True)
class Setting:
    """What all trainings share; see :class:`ShortTrainer`. ``parent`` is the process that is worked for."""

    learning: LearningData
    cache: str
    recipe: Recipe
    augmentation: Augmentation
    seed: int
    threads: int
    parent: int


@dataclass(frozen=True)
class Order:
    """Train ``spec`` for ``epochs``."""

    spec: NetworkSpec
    epochs: int


@dataclass(frozen=True)
class Answer:
    """The result, or why the training could not go on; ``fatal``: nor can any other."""

    result: ShortTraining | None
    error: str | None = None
    fatal: bool = False

    def training(self) -> ShortTraining:
        """The result. Raises TrainingError where there is none, another AttendnetsError where it is fatal."""
        if self.result is not None:
            return self.result
        raise (AttendnetsError if self.fatal else TrainingError)(self.error or "")


def answer_to(train: Callable[[], ShortTraining]) -> Answer:
    """What ``train`` gives, or the error that it raises."""
    try:
        return Answer(train())
    except TrainingError as error:
        return Answer(None, str(error))
    except AttendnetsError as error:
        return Answer(None, str(error), fatal=True)
    except OSError as error:
        if error.errno == errno.ENOMEM:
            return Answer(None, crash(error))
        said = f"A training could not read or write: {error}. Set that right and give the same command again."
        return Answer(None, said, fatal=True)


def encoded(message: Setting | Order | Answer) -> bytes:
    """One line."""
    return msgspec.json.encode(message, enc_hook=str) + b"\n"


def _path(kind: type, value: object) -> object:
    return kind(value)


def main() -> None:
    """Work until the input ends."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    # What libraries print must not get between the answers.
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    setting = msgspec.json.decode(sys.stdin.buffer.readline(), type=Setting, dec_hook=_path)
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != setting.parent:
        return
    torch.set_num_threads(setting.threads)
    keep_freed_memory()
    trainer = ShortTrainer(
        setting.learning,
        PixelCache(Path(setting.cache), memory_bytes=0),
        setting.recipe,
        setting.augmentation,
        setting.seed,
    )
    answers.write(READY)
    for line in sys.stdin.buffer:
        order = msgspec.json.decode(line, type=Order)
        answers.write(encoded(answer_to(partial(trainer, order.spec, order.epochs))))


if __name__ == "__main__":
    main()
