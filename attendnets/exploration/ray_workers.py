"""Short trainings by Ray, on this machine or on those of a cluster.

Other machines do not see the run folder, so pixel tables go through Ray's object store: once for each
size of image, and workers of one machine share them. A training that loses its worker or its machine is
begun again elsewhere. Not by Ray itself, whose retries for lack of memory have no end and tell nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch

from attendnets.data import Augmentation, LearningData, PixelCache, PixelTable, Preprocessing
from attendnets.errors import TrainingError, UsageError, WorkerError
from attendnets.exploration.death import ATTEMPTS, gave_up
from attendnets.exploration.evaluation import CRASHES, ShortTraining, crash
from attendnets.exploration.ray_session import ray_session
from attendnets.exploration.short_training import ShortTrainer, preprocessing_of, train_shortly
from attendnets.exploration.worker import Answer, Order, answer_to
from attendnets.spec import NetworkSpec
from attendnets.training import Recipe
from attendnets.training.memory import keep_freed_memory

_DECIDING = ("attendnets", "torch")
_LOOK_SECONDS = 0.5
_MACHINES = 10
"""Machines that a training may be lost with: they go for reasons of their own, unless it is all of them."""


@dataclass(frozen=True)
class _Setting:
    """What all trainings share, and the versions without which they would not give the same."""

    recipe: Recipe
    augmentation: Augmentation
    seed: int
    threads: int
    versions: dict[str, str]


@dataclass(frozen=True)
class _Death:
    """How a worker ended; ``with_machine``: its whole machine went, which says nothing of its training."""

    how: str
    with_machine: bool = False


@contextmanager
def ray_workers(
    count: int,
    learning: LearningData,
    cache: Path,
    recipe: Recipe,
    augmentation: Augmentation,
    seed: int,
    threads: int = 1,
    *,
    gpus: float = 0.0,
    address: str | None = None,
) -> Iterator[RayWorkers]:
    """``count`` trainings at a time, of ``threads`` CPUs and ``gpus`` GPUs each, as long as the body lasts.

    ``address`` as :func:`attendnets.exploration.ray_session.ray_session` takes it; raises its errors, and
    UsageError where no machine there has what one training shall have.
    """
    with ray_session(address, count * threads) as ray:
        require_room(ray, threads, gpus)
        workers = RayWorkers(ray, count, learning, cache, recipe, augmentation, seed, threads, gpus=gpus)
        try:
            yield workers
        finally:
            workers.close()


class RayWorkers:
    """See :func:`ray_workers` and :class:`attendnets.exploration.evaluation.Workers`."""

    def __init__(
        self,
        ray: Any,
        count: int,
        learning: LearningData,
        cache: Path,
        recipe: Recipe,
        augmentation: Augmentation,
        seed: int,
        threads: int = 1,
        *,
        gpus: float = 0.0,
    ) -> None:
        self.count = count
        self.deaths: list[str] = []
        self._ray = ray
        self._trainer = ShortTrainer(learning, PixelCache(cache, memory_bytes=0), recipe, augmentation, seed)
        self._setting = _Setting(recipe, augmentation, seed, threads, _versions())
        self._task = ray.remote(num_cpus=threads, num_gpus=gpus, max_retries=0)(_train)
        self._stored: dict[Preprocessing, tuple[Any, Any]] = {}
        self._closed = threading.Event()
        self._threads = ThreadPoolExecutor(count, "short training")

    def submit(self, spec: NetworkSpec, epochs: int) -> Future[ShortTraining]:
        """A training that begins when Ray has room for it."""
        preprocessing = preprocessing_of(spec)
        if preprocessing not in self._stored:
            training, validation = map(self._store, self._trainer.tables(preprocessing))
            self._stored[preprocessing] = training, validation
        return self._threads.submit(self._train, Order(spec, epochs), *self._stored[preprocessing])

    def close(self) -> None:
        """End all trainings."""
        self._closed.set()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _store(self, table: PixelTable) -> Any:
        # Only a plain array is shared by workers without a copy; a memory map is none.
        return self._ray.put(PixelTable(np.asarray(table.pixels), table.labels))

    def _train(self, order: Order, training: Any, validation: Any) -> ShortTraining:
        taken = lost = 0
        while True:
            answer = self._answer(order, training, validation)
            if isinstance(answer, Answer):
                return answer.training()
            self.deaths.append(answer.how)
            taken += not answer.with_machine
            lost += answer.with_machine
            if taken == ATTEMPTS:
                raise TrainingError(gave_up(answer.how))
            if lost == _MACHINES:
                raise TrainingError(f"its training was {answer.how} {lost} times")

    def _answer(self, order: Order, training: Any, validation: Any) -> Answer | _Death:
        """The answer to ``order``, or how its worker ended."""
        errors = self._ray.exceptions
        try:
            reference = self._task.remote(order, training, validation, self._setting)
            while not self._ray.wait([reference], timeout=_LOOK_SECONDS)[0]:
                if self._closed.is_set():
                    self._ray.cancel(reference, force=True)
                    raise WorkerError("The workers that train candidates were ended.")
            answer: Answer = self._ray.get(reference)
            return answer
        except errors.OutOfMemoryError as error:
            return _Death(f"out of memory: ended by Ray ({_first_line(error)})")
        except errors.NodeDiedError as error:
            return _Death(f"lost with its machine ({_first_line(error)})", with_machine=True)
        except errors.WorkerCrashedError:
            return _Death("ended at once, as by a signal or for lack of memory (Ray does not tell which)")
        except (errors.RayError, ConnectionError, ImportError) as error:
            raise WorkerError(
                f"Ray's workers cannot train candidates: {_last_line(error)} Mend that and give the same "
                "command again to go on; on a cluster this version of attendnets must be on every machine."
            ) from error


def _train(order: Order, training: PixelTable, validation: PixelTable, setting: _Setting) -> Answer:
    """Done by a worker of Ray."""
    here = _versions()
    if here != setting.versions:
        return Answer(None, f"A worker of Ray has {here}, not {setting.versions}: install these there.", True)
    torch.set_num_threads(setting.threads)
    keep_freed_memory()
    training_of = partial(train_shortly, order.spec, order.epochs, training, validation)
    try:
        return answer_to(partial(training_of, setting.recipe, setting.augmentation, setting.seed))
    except CRASHES as error:
        return Answer(None, crash(error))


def _versions() -> dict[str, str]:
    # A build for GPUs may work beside one without: "2.13.0+cpu" is 2.13.0.
    return {name: metadata.version(name).split("+")[0] for name in _DECIDING}


def require_room(ray: Any, cpus: int, gpus: float) -> None:
    """Raise UsageError where no machine of ``ray`` has ``cpus`` and ``gpus``: Ray would wait for one."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(has.get("CPU", 0) >= cpus and has.get("GPU", 0) >= gpus for has in machines):
        raise UsageError(
            f"--worker-cpus {cpus} --worker-gpus {gpus:g}: no machine of this Ray has that much; they have "
            + ", ".join(f"{has.get('CPU', 0):g} CPUs and {has.get('GPU', 0):g} GPUs" for has in machines)
            + "."
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1].rstrip(".") + "."
