"""What a training tells: while it runs, and when it is done. Plain values, without torch."""

from __future__ import annotations

from dataclasses import dataclass

from attendnets.training.recipe import Recipe


@dataclass(frozen=True)
class EpochRecord:
    """One epoch. Validation figures are those of the averaged weights; ``rate`` is the last step's.

    ``train_loss`` is the mean of what was minimised (smoothed, weighted, mixed), ``validation_loss``
    plain cross-entropy in nats. ``seconds`` is all of the epoch, ``loading_seconds`` of it was spent
    on reading and augmenting training images.
    """

    epoch: int
    seconds: float
    loading_seconds: float
    rate: float
    train_loss: float
    validation_loss: float
    validation_top1_percent: float


@dataclass(frozen=True)
class Rollback:
    """Training went back to the end of the epoch before ``epoch``: ``what`` happened in it, at ``rate``."""

    epoch: int
    step: int
    rate: float
    what: str


@dataclass(frozen=True)
class TrainingRecord:
    """A finished training. ``seconds`` leave out what an interrupted epoch had cost; ``precision`` is that
    of the passes, "float32" or "bfloat16".

    ``validation_top1_percent`` belongs to ``best_epoch``, whose weights were kept; chosen as the best
    of many epochs on ``validation_images`` images, it is slightly flattering.
    """

    epochs: tuple[EpochRecord, ...]
    best_epoch: int
    validation_top1_percent: float
    validation_loss: float
    validation_images: int
    train_images: int
    seconds: float
    loading_seconds: float
    recipe: Recipe
    seed: int
    threads: int
    precision: str = "float32"
    rollbacks: tuple[Rollback, ...] = ()


@dataclass(frozen=True)
class Progress:
    """Where a running training is: after ``step`` of ``steps`` in epoch ``epoch`` (from 1) of ``epochs``.

    ``last`` is the last finished epoch. ``seconds_left`` comes from the mean of this process's steps.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    seconds_left: float
    last: EpochRecord | None
