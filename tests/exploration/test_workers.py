"""Several processes train candidates: the same results, the same decisions, and no process left behind."""

from __future__ import annotations

import errno
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from attendnets.data import Augmentation, LearningData, PixelCache, open_data_set
from attendnets.errors import AttendnetsError, TrainingError, WorkerError
from attendnets.exploration.evaluation import ShortTraining, Workers
from attendnets.exploration.journal import JournalFile
from attendnets.exploration.proposer import SynthesisProposer
from attendnets.exploration.record import StudyRecord
from attendnets.exploration.screening import Screen
from attendnets.exploration.short_training import ShortTrainer, preprocessing_of
from attendnets.exploration.space import DesignSpace
from attendnets.exploration.study import ExploreOptions, explore
from attendnets.exploration.worker import Order, answer_to
from attendnets.exploration.workers import WorkerProcesses, worker_processes
from attendnets.requirements import Requirements
from attendnets.spec import NetworkSpec, digest
from attendnets.training import Recipe
from tests.exploration.test_study import SPACE, Landscape
from tests.pipeline.photographs import write_photographs

pytestmark = pytest.mark.usefixtures("one_thread")
OPTIONS = ExploreOptions(trials=12, rung_epochs=(1, 3, 9), seed=3)


class Untimely:
    """Two places whose trainings take any time they like."""

    count = 2
    deaths: tuple[str, ...] = ()

    def __init__(self, landscape: Landscape, seed: int) -> None:
        self.landscape, self.chance = landscape, random.Random(seed)
        self.pool = ThreadPoolExecutor(2)
        self.lock = threading.Lock()

    def submit(self, spec: NetworkSpec, epochs: int) -> Future[ShortTraining]:
        seconds = self.chance.uniform(0.0, 0.01)

        def train() -> ShortTraining:
            time.sleep(seconds)
            with self.lock:
                return self.landscape(spec, epochs)

        return self.pool.submit(train)


def study(workers: Workers, journal: Path, options: ExploreOptions = OPTIONS) -> StudyRecord:
    screen = Screen(Requirements.parse(["weights<=100KB"]))
    return explore(
        SPACE,
        screen,
        SynthesisProposer(SPACE),
        workers,
        options=options,
        place=JournalFile(journal),
        context="a",
    )


def decided(record: StudyRecord) -> list[tuple[str, int, float | None]]:
    return [(c.digest, c.rung, c.validation_top1_percent) for c in record.candidates]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    return study(Untimely(Landscape(), seed=0), tmp_path_factory.mktemp("study") / "study.journal")


@pytest.mark.parametrize("seed", range(1, 6))
def test_which_training_ends_first_changes_nothing(seed: int, expected: StudyRecord, tmp_path: Path) -> None:
    record = study(Untimely(Landscape(), seed), tmp_path / "study.journal")
    assert decided(record) == decided(expected) and record.chosen == expected.chosen


@pytest.mark.parametrize("calls", [0, 1, 2, 5, 9, 14])
def test_an_interrupted_study_decides_as_before_and_trains_nothing_twice(
    calls: int, expected: StudyRecord, tmp_path: Path
) -> None:
    journal = tmp_path / "study.journal"
    first, second = Landscape(dies_after=calls), Landscape()
    with pytest.raises(KeyboardInterrupt):
        study(Untimely(first, seed=calls), journal)
    record = study(Untimely(second, seed=calls + 1), journal)
    assert decided(record) == decided(expected) and record.chosen == expected.chosen
    # The training that ran beside the one that was interrupted may have ended without being written.
    assert len(set(first.calls) & set(second.calls)) <= 1


@pytest.mark.parametrize(
    ("error", "fatal"),
    [
        (TrainingError("the loss is nan"), False),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), False),
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (WorkerError("out of reach"), True),
    ],
    ids=str,
)
def test_a_worker_tells_what_is_wrong_with_a_candidate_from_what_is_wrong_with_all(
    error: Exception, fatal: bool
) -> None:
    def fails() -> ShortTraining:
        raise error

    answer = answer_to(fails)
    assert answer.fatal is fatal
    said = getattr(error, "strerror", None) or str(error)
    assert said in (answer.error or "")
    with pytest.raises(AttendnetsError) as caught:
        answer.training()
    assert isinstance(caught.value, TrainingError) is not fatal


def test_an_extended_study_is_the_one_of_so_many_candidates_from_the_start(tmp_path: Path) -> None:
    more = replace(OPTIONS, trials=17)
    whole = study(Untimely(Landscape(), seed=1), tmp_path / "whole.journal", more)
    first, second = Landscape(), Landscape()
    study(Untimely(first, seed=2), tmp_path / "study.journal")
    extended = study(Untimely(second, seed=3), tmp_path / "study.journal", more)
    assert decided(extended) == decided(whole) and extended.chosen == whole.chosen
    assert not set(first.calls) & set(second.calls)


@pytest.fixture(scope="module")
def learning(tmp_path_factory: pytest.TempPathFactory) -> LearningData:
    folder = write_photographs(tmp_path_factory.mktemp("photographs"), per_class=12, side=32)
    return open_data_set(folder).learning


def candidates(learning: LearningData) -> list[NetworkSpec]:
    space = DesignSpace(channels=learning.channels, classes=len(learning.classes), sizes=(32,))
    chance = random.Random(0)
    return [space.network(space.mutate(space.smallest(), chance, 12)) for _ in range(3)]


def test_processes_give_to_the_bit_what_this_process_gives(learning: LearningData, tmp_path: Path) -> None:
    recipe, augmentation = Recipe(batch_size=8), Augmentation.for_photos()
    here = ShortTrainer(learning, PixelCache(None), recipe, augmentation, seed=1)
    networks = candidates(learning)
    with worker_processes(2, learning, tmp_path, recipe, augmentation, 1) as workers:
        futures = [workers.submit(network, 2) for network in networks]
        theirs = [future.result() for future in futures]
    ours = [here(network, 2) for network in networks]
    assert [replace(t, seconds=0.0) for t in theirs] == [replace(o, seconds=0.0) for o in ours]
    assert all(training.reactions for training in ours)
    assert len({digest(network) for network in networks}) == 3


def kill_one_that_trains(workers: WorkerProcesses) -> None:
    while True:
        for process in tuple(workers._processes):
            if process.training:
                process.kill()
                return
        time.sleep(0.01)


@pytest.fixture
def workers(learning: LearningData, tmp_path: Path) -> Iterator[WorkerProcesses]:
    with worker_processes(2, learning, tmp_path, Recipe(batch_size=8), Augmentation.none(), 0) as some:
        yield some


def test_a_killed_worker_is_replaced_and_its_training_done_again(
    workers: WorkerProcesses, learning: LearningData
) -> None:
    network = candidates(learning)[0]
    undisturbed = workers.submit(network, 30).result()
    future = workers.submit(network, 30)
    kill_one_that_trains(workers)
    again = future.result()
    assert (again.loss, again.top1_percent) == (undisturbed.loss, undisturbed.top1_percent)
    assert workers.deaths == ["ended by SIGKILL"]


def test_a_candidate_that_takes_three_workers_with_it_has_failed_and_others_go_on(
    workers: WorkerProcesses, learning: LearningData
) -> None:
    fatal, harmless, *_ = candidates(learning)
    future = workers.submit(fatal, 100_000)
    for number in range(1, 4):
        kill_one_that_trains(workers)
        while len(workers.deaths) < number:
            time.sleep(0.01)
    with pytest.raises(TrainingError, match="took 3 workers with it, the last one ended by SIGKILL"):
        future.result(timeout=60)
    assert workers.submit(harmless, 1).result().images > 0


def test_a_worker_that_dies_without_work_is_no_candidates_fault(
    learning: LearningData, tmp_path: Path
) -> None:
    network = candidates(learning)[0]
    with worker_processes(1, learning, tmp_path, Recipe(batch_size=8), Augmentation.none(), 0) as workers:
        workers.submit(network, 1).result()
        next(iter(workers._processes)).kill()
        future = workers.submit(network, 20)
        for number in (2, 3):
            kill_one_that_trains(workers)
            while len(workers.deaths) < number:
                time.sleep(0.01)
        assert future.result().images > 0


def test_a_study_whose_workers_are_killed_decides_as_one_that_is_left_alone(
    learning: LearningData, tmp_path: Path
) -> None:
    space = DesignSpace(channels=learning.channels, classes=len(learning.classes), sizes=(32,))
    options = ExploreOptions(trials=3, rung_epochs=(2, 6), seed=3)
    records = []
    for disturbed in (False, True):
        with worker_processes(2, learning, tmp_path, Recipe(batch_size=8), Augmentation.none(), 0) as workers:
            done = threading.Event()
            killer = threading.Thread(target=kill_two, args=(workers, done))
            if disturbed:
                killer.start()
            records.append(
                explore(
                    space,
                    Screen(Requirements.parse(["weights<=60KB"])),
                    SynthesisProposer(space),
                    workers,
                    options=options,
                    place=JournalFile(tmp_path / f"{disturbed}.journal"),
                    context="a",
                )
            )
            done.set()
            if disturbed:
                killer.join()
                assert workers.deaths
    assert decided(records[0]) == decided(records[1]) and records[0].chosen == records[1].chosen


def kill_two(workers: WorkerProcesses, done: threading.Event) -> None:
    for _ in range(2):
        before = len(workers.deaths)
        while not done.is_set() and not any(process.training for process in tuple(workers._processes)):
            time.sleep(0.01)
        if not done.is_set():
            kill_one_that_trains(workers)
        while not done.is_set() and len(workers.deaths) == before:
            time.sleep(0.01)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("raise ImportError('no such library')", "cannot start: one ended with exit code 1.*no such library"),
        ("import os; os.kill(os.getpid(), 9)", "cannot start: one ended by SIGKILL"),
        ("import os; os._exit(7)", "cannot start: one ended with exit code 7"),
    ],
    ids=["an import fails", "killed each time", "ends without a word"],
)
def test_workers_that_cannot_start_end_the_study_at_once(
    module: str, message: str, learning: LearningData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text(module)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with (
        worker_processes(2, learning, tmp_path, Recipe(), Augmentation.none(), 0) as workers,
        pytest.raises(WorkerError, match=message),
    ):
        study(workers, tmp_path / "study.journal")


def test_what_no_candidate_can_help_is_no_candidates_failure(learning: LearningData, tmp_path: Path) -> None:
    """The pixels that all share have gone from the disk, and cannot be written again."""
    network = candidates(learning)[0]
    with worker_processes(1, learning, tmp_path, Recipe(batch_size=8), Augmentation.none(), 0) as workers:
        workers._trainer.tables(preprocessing_of(network))
        for path in tmp_path.glob("pixels-*.npy"):
            path.unlink()
        learning.train[0].path.rename(tmp_path / "gone.png")
        try:
            order = Order(network, 1)
            with pytest.raises(AttendnetsError, match="was there when the data set was read") as caught:
                workers._train(order)
        finally:
            (tmp_path / "gone.png").rename(learning.train[0].path)
    assert not isinstance(caught.value, TrainingError)


def test_nothing_is_left_of_workers_that_are_ended_while_they_train(
    learning: LearningData, tmp_path: Path
) -> None:
    with worker_processes(2, learning, tmp_path, Recipe(batch_size=8), Augmentation.none(), 0) as workers:
        future = workers.submit(candidates(learning)[0], 100_000)
        while not any(process.training for process in workers._processes):
            time.sleep(0.01)
        processes = [process._process for process in workers._processes]
    assert all(process.poll() is not None for process in processes)
    assert isinstance(future.exception(), WorkerError)
