"""How the minutes of a job are shared between its stages, and what can be trained in them."""

from __future__ import annotations

from dataclasses import replace

from attendnets.errors import UsageError
from attendnets.exploration.database import parsed_url
from attendnets.exploration.objective import NETSCORE, objective_named
from attendnets.networks.constraints import constraint_name, frozen_parts
from attendnets.requirements import Requirements, is_relative
from attendnets.run import Job

DEFAULT_MINUTES = 20.0
EXPLORE_SHARE = 0.35
FINISH_SHARE = 0.08
FINISH_SECONDS = 40.0
"""Kept back for quantization, export and measurement: a share of the whole and a fixed part."""
LEAST_TRAINING_SHARE = 0.3

MACS_PER_SECOND = 20e9
"""Multiply-adds that a small machine of two cores does in training, forward and backward passes together."""
PASSES = 3.0
"""A training step costs about three forward passes."""
LEAST_EPOCHS = 60
MOST_IMAGES_NEEDED = 1_500_000

LEAST_SECONDS_FOR_WORKERS = 60.0
"""Of exploration, so that starting processes (some seconds each) pays."""
MOST_WORKERS = 8

RUNG_IMAGES = 6_000
"""Images that the shortest training of the exploration sees."""
RUNGS = 3
MOST_FIRST_EPOCHS = 4
TOP_RUNG_SHARE = 0.4
"""Of the time to explore, at most this goes into one training of a middling network on the top rung."""

FINE_TUNING_PASSES = 6.0
"""A step that simulates 8 bits and asks the float network as well costs about six forward passes."""
LEAST_FINE_TUNING_STEPS, MOST_FINE_TUNING_STEPS = 50, 400


def checked(job: Job) -> Job:
    """The job with what follows from its other fields. Raises UsageError naming the option at fault."""
    for minutes in (job.minutes, job.train_minutes):
        if minutes is not None and not 0 < minutes < 7 * 24 * 60:
            raise UsageError(f"--minutes {minutes:g}: give a number above 0 and below a week.")
    if job.epochs is not None and job.train_minutes is not None:
        raise UsageError("--epochs and --minutes each say how long to train; give one of them.")
    for name, value in (("--trials", job.trials), ("--epochs", job.epochs)):
        if value is not None and value < 1:
            raise UsageError(f"{name} {value}: give at least 1.")
    if job.threads < 1:
        raise UsageError(f"--threads {job.threads}: give at least 1.")
    if job.storage is not None:
        if job.network is not None:
            raise UsageError("--storage keeps an exploration, --network explores nothing: give one of them.")
        parsed_url(job.storage)
    elif job.study is not None:
        raise UsageError(f"--study {job.study} names a study in a database: give its --storage as well.")
    beginnings = {"--network": job.network, "--prototype": job.prototype, "--shrink": job.shrink}
    given = [option for option, value in beginnings.items() if value is not None]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} each say what to begin with; give one of them.")
    Requirements.parse(text for text in job.requirements if job.shrink is None or not is_relative(text))
    objective = objective_named(job.objective).name
    if job.network is not None and objective != NETSCORE.name:
        raise UsageError("--objective is an exploration's, --network explores nothing: give one of them.")
    constraints = tuple(map(constraint_name, job.constraints))
    frozen = frozen_parts(constraints)
    if frozen and job.network is not None:
        raise UsageError(f"--constraint frozen:{frozen[0]}: --network changes nothing; leave it out.")
    if frozen and job.prototype is None and job.shrink is None:
        raise UsageError(
            f"--constraint frozen:{frozen[0]}: there is no network whose part that is; give --shrink or "
            "--prototype as well."
        )
    job = replace(job, constraints=constraints, objective=objective)
    # 12 and 12.0 are one job: what is written to run.json reads back as a float.
    minutes, train_minutes = (None if m is None else float(m) for m in (job.minutes, job.train_minutes))
    return replace(job, minutes=minutes, train_minutes=train_minutes)


def minutes_of(job: Job) -> float:
    """The whole job's minutes, by default where none are given."""
    return DEFAULT_MINUTES if job.minutes is None else job.minutes


def worker_count(job: Job) -> int:
    """Processes that train candidates side by side; 1: this one, with all threads.

    By the job's minutes, not by its trials: a timed build and the counted one that repeats it are alike.
    """
    pays = 60.0 * minutes_of(job) * EXPLORE_SHARE >= LEAST_SECONDS_FOR_WORKERS
    return min(job.threads, MOST_WORKERS) if pays else 1


def explore_seconds(job: Job) -> float | None:
    """Seconds of exploration; None when trials are counted instead."""
    return None if job.trials is not None else 60.0 * minutes_of(job) * EXPLORE_SHARE


def train_seconds(job: Job, spent: float) -> float | None:
    """Seconds of the final training after ``spent`` of the job; None when epochs are counted instead."""
    if job.train_minutes is not None:
        return 60.0 * job.train_minutes
    if job.epochs is not None:
        return None
    whole = 60.0 * minutes_of(job)
    left = whole * (1.0 - FINISH_SHARE) - FINISH_SECONDS - spent
    return max(left, whole * LEAST_TRAINING_SHARE)


def largest_macs(job: Job, train_images: int) -> float:
    """Multiply-adds of the largest network that can still be trained in the job's minutes, in 100,000s."""
    seconds = 60.0 * minutes_of(job) * (1.0 - EXPLORE_SHARE - FINISH_SHARE)
    seen = min(LEAST_EPOCHS * train_images, MOST_IMAGES_NEEDED)
    return max(1e5, float(round(seconds * MACS_PER_SECOND / (PASSES * seen), -5)))


def rung_epochs(job: Job, train_images: int) -> tuple[int, ...]:
    """Epochs of the exploration's short trainings, each rung three times the one below.

    ``train_images``: as many as a short training uses. Depends on the job's minutes, not on the clock.
    """
    first = min(MOST_FIRST_EPOCHS, max(1, round(RUNG_IMAGES / max(1, train_images))))
    middling = largest_macs(job, train_images) / 2
    epoch_seconds = train_images * PASSES * middling / MACS_PER_SECOND
    most = TOP_RUNG_SHARE * 60.0 * minutes_of(job) * EXPLORE_SHARE / epoch_seconds
    rungs = tuple(first * 3**rung for rung in range(RUNGS))
    return tuple(epochs for epochs in rungs if epochs <= max(first, most))


def fine_tuning_steps(job: Job, macs: int, batch_size: int) -> int:
    """Steps of quantization-aware fine-tuning, where needed: as many as fit into the time kept back."""
    step_seconds = batch_size * FINE_TUNING_PASSES * macs / MACS_PER_SECOND
    fitting = int(FINISH_SHARE * 60.0 * minutes_of(job) / step_seconds)
    return min(MOST_FINE_TUNING_STEPS, max(LEAST_FINE_TUNING_STEPS, fitting))
