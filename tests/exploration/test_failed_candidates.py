"""Candidates that fail: recorded, counted, never chosen, and never the end of the others."""

import errno
import zlib
from concurrent.futures import Future
from pathlib import Path

import pytest

from attendnets.errors import StorageError, TrainingError, WorkerError
from attendnets.exploration.evaluation import ShortTraining
from attendnets.exploration.journal import JournalFile, open_journal
from attendnets.exploration.proposer import SynthesisProposer
from attendnets.exploration.screening import Screen
from attendnets.exploration.study import ExploreOptions, explore
from attendnets.requirements import Requirements
from attendnets.spec import NetworkSpec, digest
from tests.exploration.test_study import OPTIONS, SPACE, Landscape, flat, run


def test_a_candidate_that_cannot_be_trained_is_recorded_as_failed(tmp_path: Path) -> None:
    landscape = Landscape()

    def sometimes(spec: NetworkSpec, epochs: int) -> ShortTraining:
        if zlib.crc32(digest(spec).encode()) % 2 == 0:
            raise TrainingError("the loss is nan")
        return landscape(spec, epochs)

    record = run(sometimes, tmp_path / "study.journal")
    failed = [c for c in record.candidates if c.state == "failed"]
    assert failed
    assert all(c.validation_top1_percent is None for c in failed)
    assert record.chosen not in {c.digest for c in failed}


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
        ValueError("array must not contain infs or NaNs"),
        MemoryError(),
        KeyError("running_mean"),
        TypeError("unsupported operand type(s)"),
        AssertionError("shapes differ"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_candidate_that_crashes_is_recorded_as_failed_and_the_study_goes_on(
    tmp_path: Path, error: Exception
) -> None:
    landscape = Landscape()

    def crashes(spec: NetworkSpec, epochs: int) -> ShortTraining:
        if len(landscape.calls) == 2:
            landscape.calls.append((digest(spec), epochs))
            raise error
        return landscape(spec, epochs)

    record = run(crashes, tmp_path / "study.journal")
    assert len(record.candidates) == 9
    (failed,) = (c for c in record.candidates if c.state == "failed")
    assert (failed.error or "").startswith(f"its training ended with {type(error).__name__}")
    assert str(error) in (failed.error or "")
    assert run(Landscape(), tmp_path / "study.journal").candidates == record.candidates


def test_a_disk_that_fails_ends_the_command_and_no_candidate(tmp_path: Path) -> None:
    landscape = Landscape()

    def full(spec: NetworkSpec, epochs: int) -> ShortTraining:
        if len(landscape.calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return landscape(spec, epochs)

    with pytest.raises(StorageError, match="No space left on device"):
        run(full, tmp_path / "study.journal")
    assert (
        run(landscape, tmp_path / "study.journal").candidates
        == run(Landscape(), tmp_path / "other.journal").candidates
    )


def test_a_candidate_that_fails_on_a_higher_rung_is_not_chosen_and_the_next_best_takes_its_place(
    tmp_path: Path,
) -> None:
    options = ExploreOptions(trials=3, rung_epochs=(1, 3), seed=3)
    landscape = Landscape()

    def best_diverges(spec: NetworkSpec, epochs: int) -> ShortTraining:
        if epochs == 3 and 3 not in {e for _, e in landscape.calls}:
            landscape.calls.append((digest(spec), epochs))
            raise TrainingError("the loss is nan")
        return landscape(spec, epochs)

    record = run(best_diverges, tmp_path / "study.journal", options)
    (failed,) = (c for c in record.candidates if c.state == "failed")
    (best,) = (c for c in record.candidates if c.rung == 1)
    assert (failed.validation_top1_percent, failed.epochs, failed.error) == (None, 0, "the loss is nan")
    assert record.chosen == best.digest != failed.digest
    assert [epochs for _, epochs in landscape.calls] == [1, 1, 1, 3, 3]


def test_where_all_fail_on_a_higher_rung_the_best_of_the_others_is_chosen(tmp_path: Path) -> None:
    landscape = Landscape()

    def never_long(spec: NetworkSpec, epochs: int) -> ShortTraining:
        if epochs > 1:
            raise TrainingError("the loss is nan")
        return landscape(spec, epochs)

    record = run(never_long, tmp_path / "study.journal")
    states = {c.digest: c.state for c in record.candidates}
    assert sorted(states.values()) == ["failed"] * 6 + ["stopped"] * 3
    assert states[record.chosen] == "stopped"
    again = run(never_long, tmp_path / "study.journal")
    assert (again.candidates, again.chosen) == (record.candidates, record.chosen)


def test_what_has_ended_is_kept_when_another_training_ends_the_study(tmp_path: Path) -> None:
    class SecondEndsFirstIsFatal:
        count = 2
        deaths: tuple[str, ...] = ()
        first: Future[ShortTraining] | None = None

        def submit(self, spec: NetworkSpec, epochs: int) -> Future[ShortTraining]:
            future: Future[ShortTraining] = Future()
            if self.first is None:
                self.first = future
            else:
                self.first.set_exception(WorkerError("out of reach"))
                future.set_result(flat(spec, epochs))
            return future

    with pytest.raises(WorkerError, match="out of reach"):
        explore(
            SPACE,
            Screen(Requirements.parse(())),
            SynthesisProposer(SPACE),
            SecondEndsFirstIsFatal(),
            options=OPTIONS,
            place=JournalFile(tmp_path / "study.journal"),
            context="a",
        )
    trials = open_journal(tmp_path / "study.journal", "a").trials
    assert [list(trial.intermediate_values) for trial in trials[:2]] == [[], [1]]


def test_when_all_fail_the_error_says_so(tmp_path: Path) -> None:
    def never(spec: NetworkSpec, epochs: int) -> ShortTraining:
        raise TrainingError("the loss is nan")

    with pytest.raises(TrainingError, match="All 9 candidates failed"):
        run(never, tmp_path / "study.journal")
