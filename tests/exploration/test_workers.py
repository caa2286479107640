"""Several processes train candidates: the same results, the same decisions, and no process left behind."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from attendnets.data import Augmentation, LearningData, PixelCache, open_data_set
from attendnets.errors import AttendnetsError
from attendnets.exploration.evaluation import ShortTraining, Workers
from attendnets.exploration.journal import JournalFile
from attendnets.exploration.proposer import MutationProposer
from attendnets.exploration.record import StudyRecord
from attendnets.exploration.screening import Screen
from attendnets.exploration.short_training import ShortTrainer
from attendnets.exploration.study import ExploreOptions, explore
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
        MutationProposer(SPACE),
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
    from attendnets.exploration.space import DesignSpace

    space = DesignSpace(channels=learning.channels, classes=len(learning.classes), sizes=(32,))
    chance = random.Random(0)
    return [space.network(space.mutate(space.smallest(), chance, 4)) for _ in range(3)]


def test_processes_give_to_the_bit_what_this_process_gives(learning: LearningData, tmp_path: Path) -> None:
    recipe, augmentation = Recipe(batch_size=8), Augmentation.for_photos()
    here = ShortTrainer(learning, PixelCache(None), recipe, augmentation, seed=1)
    networks = candidates(learning)
    with worker_processes(2, learning, tmp_path, recipe, augmentation, 1) as workers:
        futures = [workers.submit(network, 2) for network in networks]
        theirs = [future.result() for future in futures]
    ours = [here(network, 2) for network in networks]
    assert [(t.loss, t.top1_percent) for t in theirs] == [(o.loss, o.top1_percent) for o in ours]
    assert len({digest(network) for network in networks}) == 3


def test_a_process_that_is_killed_is_named_with_the_way_on(learning: LearningData, tmp_path: Path) -> None:
    workers = WorkerProcesses(1, learning, tmp_path, Recipe(batch_size=8), Augmentation.none(), 0)
    try:
        future = workers.submit(candidates(learning)[0], 10_000)
        for process in workers._processes:
            process.kill()
        with pytest.raises(AttendnetsError, match=r"ended with -9 .* the same command again"):
            future.result(timeout=60)
    finally:
        workers.close()
