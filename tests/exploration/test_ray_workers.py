"""Ray trains candidates as our own processes do: the same results, whoever is killed, and nothing is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from attendnets.data import Augmentation, LearningData, PixelTable, open_data_set
from attendnets.errors import TrainingError, UsageError
from attendnets.exploration import ray_workers as ray_workers_module
from attendnets.exploration.evaluation import ShortTraining
from attendnets.exploration.ray_remains import processes_of
from attendnets.exploration.ray_session import ray_session
from attendnets.exploration.ray_workers import RayWorkers, ray_workers, require_room
from attendnets.exploration.worker import Order
from attendnets.exploration.workers import worker_processes
from attendnets.training import Recipe
from benchmarks.worker_soak import command, descendants
from tests.exploration.test_workers import candidates
from tests.pipeline.photographs import write_photographs

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'attendnets[ray]'")
pytestmark = pytest.mark.usefixtures("one_thread")
RECIPE, AUGMENTATION, SEED = Recipe(batch_size=8), Augmentation.for_photos(), 1
TABLE = PixelTable(np.zeros((1, 32, 32, 3), np.uint8), np.zeros(1, np.int64))


@pytest.fixture(scope="module")
def learning(tmp_path_factory: pytest.TempPathFactory) -> LearningData:
    folder = write_photographs(tmp_path_factory.mktemp("photographs"), per_class=12, side=32)
    return open_data_set(folder).learning


@pytest.fixture(scope="module")
def workers(learning: LearningData, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayWorkers]:
    cache = tmp_path_factory.mktemp("cache")
    with ray_workers(2, learning, cache, RECIPE, AUGMENTATION, SEED) as some:
        yield some


def kill_one_that_trains() -> None:
    while not (training := [p for p in descendants(os.getpid()) if command(p).startswith(b"ray::_train")]):
        time.sleep(0.01)
    os.kill(training[0], signal.SIGKILL)


def test_ray_gives_to_the_bit_what_processes_give(
    workers: RayWorkers, learning: LearningData, tmp_path: Path
) -> None:
    networks = candidates(learning)
    theirs = [future.result() for future in [workers.submit(network, 2) for network in networks]]
    with worker_processes(2, learning, tmp_path, RECIPE, AUGMENTATION, SEED) as processes:
        ours = [future.result() for future in [processes.submit(network, 2) for network in networks]]
    assert [replace(t, seconds=0.0) for t in theirs] == [replace(o, seconds=0.0) for o in ours]


def test_a_killed_worker_is_replaced_and_its_training_done_again(
    workers: RayWorkers, learning: LearningData
) -> None:
    network = candidates(learning)[0]
    undisturbed = workers.submit(network, 30).result()
    before = len(workers.deaths)
    future = workers.submit(network, 30)
    kill_one_that_trains()
    again = future.result()
    assert (again.loss, again.top1_percent) == (undisturbed.loss, undisturbed.top1_percent)
    assert [death.split(",")[0] for death in workers.deaths[before:]] == ["ended at once"]


def test_a_candidate_that_takes_three_workers_with_it_has_failed(
    workers: RayWorkers, learning: LearningData
) -> None:
    network, before = candidates(learning)[0], len(workers.deaths)
    future = workers.submit(network, 100_000)
    for number in range(1, 4):
        kill_one_that_trains()
        while len(workers.deaths) < before + number:
            time.sleep(0.01)
    with pytest.raises(TrainingError, match="took 3 workers with it, the last one ended at once"):
        future.result(timeout=60)
    assert workers.submit(network, 1).result().images > 0


def test_only_this_machine_can_reach_a_ray_of_ours_and_it_has_no_dashboard(workers: RayWorkers) -> None:
    addresses = {node["NodeManagerAddress"] for node in ray.nodes()}
    assert addresses == {"127.0.0.1"}
    assert not ray.is_initialized() or ray._private.worker.get_dashboard_url() in (None, "")


def test_a_share_that_no_machine_has_is_refused(workers: RayWorkers) -> None:
    with pytest.raises(UsageError, match=r"--worker-cpus 1 --worker-gpus 64: no machine .* 2 CPUs and"):
        require_room(ray, 1, 64.0)


def test_a_second_ray_in_one_process_is_refused(workers: RayWorkers) -> None:
    with pytest.raises(UsageError, match="connected to a Ray already"), ray_session(None, 1):
        pass


@pytest.mark.parametrize(
    ("end", "code_of_end"), [("os.kill(os.getpid(), 9)", -9), ("pass", 0)], ids=["killed", "ended"]
)
def test_nothing_is_left_in_the_folder_of_a_process_or_with_it_open(end: str, code_of_end: int) -> None:
    code = (
        "import os, subprocess, sys\n"
        "from attendnets.exploration.ray_remains import own_folder\n"
        "with own_folder() as folder:\n"
        "    log = open(folder / 'log', 'w')\n"
        "    subprocess.Popen(['sleep', '600'], stdout=log, stderr=log)\n"
        "    print(folder, flush=True)\n"
        f"    {end}\n"
    )
    # Its output ends with the guard, too.
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    folder = Path(done.stdout.strip())
    assert folder.name.startswith("attendnets-ray-")
    assert done.returncode == code_of_end
    assert not folder.exists() and processes_of(folder) == []


@pytest.mark.parametrize("address", ["ray://127.0.0.1:9", "127.0.0.1:9"])
def test_a_cluster_that_cannot_be_reached_is_named(address: str) -> None:
    code = (
        f"from attendnets.exploration.ray_session import ray_session\nwith ray_session({address!r}, 1): pass"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"WorkerError: Ray cannot be reached at {address}: " in done.stderr
    assert "explore with --workers N" in done.stderr


def test_a_training_that_raises_an_error_fails_its_candidate_alone(
    learning: LearningData, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crashes(*given: object) -> ShortTraining:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(ray_workers_module, "train_shortly", crashes)
    setting = ray_workers_module._Setting(RECIPE, AUGMENTATION, SEED, 1, ray_workers_module._versions())
    answer = ray_workers_module._train(Order(candidates(learning)[0], 1), TABLE, TABLE, setting)
    with pytest.raises(TrainingError, match="its training ended with RuntimeError: DefaultCPUAllocator"):
        answer.training()
