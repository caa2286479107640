"""Who trains the candidates of an exploration: what ``--workers`` means, and their beginning and end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from attendnets.errors import UsageError
from attendnets.exploration.evaluation import InProcess, Workers
from attendnets.exploration.record import StudyProgress
from attendnets.exploration.short_training import ShortTrainer
from attendnets.exploration.workers import worker_processes
from attendnets.pipeline import planning
from attendnets.pipeline.context import Context
from attendnets.run import Job
from attendnets.training import Recipe

_FORM = re.compile(r"(?P<processes>\d+)|((?P<count>\d+)@)?ray(:(?P<address>.+))?")


@dataclass(frozen=True)
class WorkerPlan:
    """``count`` trainings at a time: by this process, by processes of this machine, or by Ray.

    Each by this process has all of the job's threads, each of the others ``threads``. ``address`` is that
    of a Ray that is running; None: one of our own, on this machine.
    """

    kind: Literal["here", "processes", "ray"]
    count: int
    threads: int
    gpus: float = 0.0
    address: str | None = None


def worker_plan(job: Job) -> WorkerPlan:
    """What the job's workers are. Raises UsageError naming the option at fault.

    The same job has the same number of them wherever it runs: what is tried next depends on that number.
    """
    if job.worker_cpus < 1:
        raise UsageError(f"--worker-cpus {job.worker_cpus}: give at least 1.")
    if not 0 <= job.worker_gpus < float("inf"):
        raise UsageError(f"--worker-gpus {job.worker_gpus:g}: give 0 or more.")
    if job.workers is None:
        if job.worker_cpus != 1 or job.worker_gpus:
            raise UsageError("--worker-cpus and --worker-gpus are for --workers: give that too.")
        count = planning.worker_count(job)
        return WorkerPlan("here" if count == 1 else "processes", count, threads=1)
    form = _FORM.fullmatch(job.workers)
    if form is None:
        raise UsageError(
            f"--workers {job.workers}: give a number, ray, ray://HOST:PORT or ray:ADDRESS, these three "
            "with a number before an @ or without, as in 8@ray."
        )
    fitting = max(1, min(job.threads // job.worker_cpus, planning.MOST_WORKERS))
    count = int(form["processes"] or form["count"] or fitting)
    if count < 1:
        raise UsageError(f"--workers {job.workers}: give at least 1 of them.")
    if form["processes"]:
        if job.worker_gpus:
            raise UsageError("--worker-gpus is for workers of Ray, as in --workers ray.")
        return WorkerPlan("processes", count, job.worker_cpus)
    address = form["address"]
    if address and address.startswith("//"):
        address = f"ray:{address}"
    return WorkerPlan("ray", count, job.worker_cpus, job.worker_gpus, address)


@contextmanager
def candidate_workers(context: Context, recipe: Recipe) -> Iterator[Workers]:
    """The job's workers, while the body runs."""
    plan, learning, augmentation = worker_plan(context.job), context.data.learning, context.augmentation
    folder, seed = context.run.cache, context.job.seed
    shared = (plan.count, learning, folder, recipe, augmentation, seed, plan.threads)
    if plan.kind == "here":
        yield InProcess(ShortTrainer(learning, context.cache, recipe, augmentation, seed))
    elif plan.kind == "processes":
        with worker_processes(*shared) as processes:
            yield processes
    else:
        from attendnets.exploration.ray_workers import ray_workers

        with ray_workers(*shared, gpus=plan.gpus, address=plan.address) as workers:
            yield workers


def told_deaths(
    context: Context, workers: Workers, tell: Callable[[StudyProgress], None]
) -> Callable[[StudyProgress], None]:
    """``tell``, and a note to the listener of every worker that died since the last call."""
    told = 0

    def tell_both(progress: StudyProgress) -> None:
        nonlocal told
        for death in workers.deaths[told:]:
            context.listener.note(f"A worker was {death}. Another one takes its place and its training.")
            told += 1
        tell(progress)

    return tell_both
