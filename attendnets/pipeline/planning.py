"""How the minutes of a job are shared between its stages, and what can be trained in them."""

from __future__ import annotations

from attendnets.errors import UsageError
from attendnets.run import Job

DEFAULT_MINUTES = 20.0
EXPLORE_SHARE = 0.35
FINISH_SHARE = 0.08
FINISH_SECONDS = 40.0
"""Kept back for quantization, export and measurement: a share of the whole and a fixed part."""
LEAST_TRAINING_SHARE = 0.3

MACS_PER_SECOND = 12e9
"""Multiply-adds of a forward pass that two cores of a small machine do in a training step's time, over 3."""
PASSES_PER_EPOCH = 3.0
LEAST_EPOCHS = 40
MOST_IMAGES_NEEDED = 1_500_000

RUNG_IMAGES = 6_000
"""Images that the shortest training of the exploration sees."""
RUNGS = 3
MOST_FIRST_EPOCHS = 4


def checked(job: Job) -> Job:
    """The job with what follows from its other fields. Raises UsageError naming the option at fault."""
    if job.minutes is not None and not 0 < job.minutes < 7 * 24 * 60:
        raise UsageError(f"--minutes {job.minutes:g}: give a number above 0 and below a week.")
    for name, value in (("--trials", job.trials), ("--epochs", job.epochs)):
        if value is not None and value < 1:
            raise UsageError(f"{name} {value}: give at least 1.")
    if job.threads < 1:
        raise UsageError(f"--threads {job.threads}: give at least 1.")
    return job


def minutes_of(job: Job) -> float:
    """The whole job's minutes, by default where none are given."""
    return DEFAULT_MINUTES if job.minutes is None else job.minutes


def explore_seconds(job: Job) -> float | None:
    """Seconds of exploration; None when trials are counted instead."""
    return None if job.trials is not None else 60.0 * minutes_of(job) * EXPLORE_SHARE


def train_seconds(job: Job, spent: float) -> float | None:
    """Seconds of the final training after ``spent`` of the job; None when epochs are counted instead."""
    if job.epochs is not None:
        return None
    whole = 60.0 * minutes_of(job)
    left = whole * (1.0 - FINISH_SHARE) - FINISH_SECONDS - spent
    return max(left, whole * LEAST_TRAINING_SHARE)


def largest_macs(job: Job, train_images: int) -> float | None:
    """Multiply-adds of the largest network that can still be trained in the time; None without a clock."""
    if job.largest_macs is not None:
        return job.largest_macs
    if job.epochs is not None:
        return None
    seconds = 60.0 * minutes_of(job) * (1.0 - EXPLORE_SHARE - FINISH_SHARE)
    seen = min(LEAST_EPOCHS * train_images, MOST_IMAGES_NEEDED)
    return float(round(seconds * MACS_PER_SECOND / (PASSES_PER_EPOCH * seen), -5))


def rung_epochs(train_images: int) -> tuple[int, ...]:
    """Epochs of the exploration's short trainings: each rung three times the one below."""
    first = min(MOST_FIRST_EPOCHS, max(1, round(RUNG_IMAGES / max(1, train_images))))
    return tuple(first * 3**rung for rung in range(RUNGS))
