"""Ray trains candidates as our own processes do: the same results, whoever is killed, and nothing is left."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from attendnets.data import Augmentation, LearningData, open_data_set
from attendnets.errors import TrainingError
from attendnets.exploration.ray_workers import RayWorkers, ray_workers
from attendnets.exploration.workers import worker_processes
from attendnets.training import Recipe
from tests.exploration.test_workers import candidates
from tests.pipeline.photographs import write_photographs

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'attendnets[ray]'")
pytestmark = pytest.mark.usefixtures("one_thread")
RECIPE, AUGMENTATION, SEED = Recipe(batch_size=8), Augmentation.for_photos(), 1


@pytest.fixture(scope="module")
def learning(tmp_path_factory: pytest.TempPathFactory) -> LearningData:
    folder = write_photographs(tmp_path_factory.mktemp("photographs"), per_class=12, side=32)
    return open_data_set(folder).learning


@pytest.fixture(scope="module")
def workers(learning: LearningData, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayWorkers]:
    cache = tmp_path_factory.mktemp("cache")
    with ray_workers(2, learning, cache, RECIPE, AUGMENTATION, SEED) as some:
        yield some


def of_ray(workers: RayWorkers) -> list[int]:
    """The workers that are training now."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                said = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if said.startswith(b"ray::_train"):
                found.append(int(entry.name))
    return found


def kill_one_that_trains(workers: RayWorkers) -> None:
    while not (training := of_ray(workers)):
        time.sleep(0.01)
    os.kill(training[0], signal.SIGKILL)


def test_ray_gives_to_the_bit_what_processes_give(
    workers: RayWorkers, learning: LearningData, tmp_path: Path
) -> None:
    networks = candidates(learning)
    theirs = [future.result() for future in [workers.submit(network, 2) for network in networks]]
    with worker_processes(2, learning, tmp_path, RECIPE, AUGMENTATION, SEED) as processes:
        ours = [future.result() for future in [processes.submit(network, 2) for network in networks]]
    assert [(t.loss, t.top1_percent) for t in theirs] == [(o.loss, o.top1_percent) for o in ours]


def test_a_killed_worker_is_replaced_and_its_training_done_again(
    workers: RayWorkers, learning: LearningData
) -> None:
    network = candidates(learning)[0]
    undisturbed = workers.submit(network, 30).result()
    before = len(workers.deaths)
    future = workers.submit(network, 30)
    kill_one_that_trains(workers)
    again = future.result()
    assert (again.loss, again.top1_percent) == (undisturbed.loss, undisturbed.top1_percent)
    assert [death.split(",")[0] for death in workers.deaths[before:]] == ["ended at once"]


def test_a_candidate_that_takes_three_workers_with_it_has_failed(
    workers: RayWorkers, learning: LearningData
) -> None:
    network, before = candidates(learning)[0], len(workers.deaths)
    future = workers.submit(network, 100_000)
    for number in range(1, 4):
        kill_one_that_trains(workers)
        while len(workers.deaths) < before + number:
            time.sleep(0.01)
    with pytest.raises(TrainingError, match="took 3 workers with it, the last one ended at once"):
        future.result(timeout=60)
    assert workers.submit(network, 1).result().images > 0
