"""The study: what is trained how long, what is chosen, and that nothing is lost or repeated."""

import warnings
import zlib
from dataclasses import replace
from pathlib import Path

import optuna
import pytest

from attendnets.cost import cost
from attendnets.errors import RunFolderError
from attendnets.exploration.evaluation import Evaluate, InProcess, ShortTraining
from attendnets.exploration.journal import JournalFile, open_journal
from attendnets.exploration.objective import OBJECTIVES
from attendnets.exploration.proposer import SynthesisProposer
from attendnets.exploration.record import Candidate, Reaction, StudyRecord
from attendnets.exploration.screening import Screen
from attendnets.exploration.space import DesignSpace
from attendnets.exploration.study import ExploreOptions, explore
from attendnets.requirements import Requirements
from attendnets.spec import NetworkSpec, digest

SPACE = DesignSpace(channels=1, classes=2, sizes=(48, 64))
OPTIONS = ExploreOptions(trials=9, rung_epochs=(1, 3, 9), seed=3)


class Landscape:
    """A known accuracy for every network, so that the study's own decisions can be checked."""

    def __init__(self, dies_after: int | None = None) -> None:
        self.calls: list[tuple[str, int]] = []
        self.dies_after = dies_after

    def __call__(self, spec: NetworkSpec, epochs: int) -> ShortTraining:
        if len(self.calls) == self.dies_after:
            raise KeyboardInterrupt
        self.calls.append((digest(spec), epochs))
        noise = zlib.crc32(f"{digest(spec)}".encode()) % 1000 / 50
        return ShortTraining(60 + noise + epochs, 400, loss=2 - noise / 20, loss_error=0.02, seconds=0.01)


def run(
    evaluate: Evaluate,
    journal: Path,
    options: ExploreOptions = OPTIONS,
    context: str = "a",
    requirements: tuple[str, ...] = ("weights<=100KB",),
) -> StudyRecord:
    limits = Screen(Requirements.parse(requirements))
    return explore(
        SPACE,
        limits,
        SynthesisProposer(SPACE, screen=limits),
        InProcess(evaluate),
        options=options,
        place=JournalFile(journal),
        context=context,
    )


def test_the_best_third_of_each_rung_is_trained_on(tmp_path: Path) -> None:
    landscape = Landscape()
    record = run(landscape, tmp_path / "study.journal")
    assert record.trials == 9
    assert [sum(e == epochs for _, e in landscape.calls) for epochs in (1, 3, 9)] == [9, 3, 1]
    first = {c.digest: c for c in record.candidates}
    assert first[record.chosen].rung == 2
    assert first[record.chosen].state == "complete"
    assert record.network == first[record.chosen].spec


def test_no_candidate_breaks_a_counted_requirement(tmp_path: Path) -> None:
    record = run(Landscape(), tmp_path / "study.journal")
    assert all(c.figures["weights"] <= 100_000 and c.violation == 0 for c in record.candidates)
    assert len({c.digest for c in record.candidates}) == 9


def flat(spec: NetworkSpec, epochs: int) -> ShortTraining:
    """All networks have one loss; accuracies differ."""
    return ShortTraining(80.0 + zlib.crc32(digest(spec).encode()) % 8, 400, 0.5, 0.02, 0.01)


def merit(name: str, candidate: Candidate) -> float:
    parameters, macs = (int(candidate.figures[quantity]) for quantity in ("parameters", "macs"))
    return OBJECTIVES[name].merit(candidate.validation_top1_percent or 0.0, parameters, macs)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_among_equals_in_loss_the_objective_decides(tmp_path: Path, name: str) -> None:
    options = ExploreOptions(trials=9, rung_epochs=(1,), seed=3, objective=OBJECTIVES[name])
    record = run(flat, tmp_path / "study.journal", options)
    assert record.objective == name
    merits = {c.digest: merit(name, c) for c in record.candidates}
    assert merits[record.chosen] == max(merits.values()) > min(merits.values())


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_value_of_a_trial_is_what_the_objective_says_and_is_called_so(tmp_path: Path, name: str) -> None:
    options = ExploreOptions(trials=3, rung_epochs=(1,), objective=OBJECTIVES[name])
    record = run(flat, tmp_path / "study.journal", options)
    study = open_journal(tmp_path / "study.journal", "a")
    assert study.metric_names == [OBJECTIVES[name].title]
    assert [trial.value for trial in study.trials] == [merit(name, c) for c in record.candidates]


def test_without_another_objective_it_is_netscore(tmp_path: Path) -> None:
    record = run(flat, tmp_path / "study.journal")
    assert record.objective == "netscore"
    assert [c.netscore for c in record.candidates] == [merit("netscore", c) for c in record.candidates]


def test_a_difference_in_loss_comes_before_the_objective(tmp_path: Path) -> None:
    options = ExploreOptions(trials=9, rung_epochs=(1,), seed=3, objective=OBJECTIVES["parameters"])
    landscape = Landscape()
    record = run(landscape, tmp_path / "study.journal", options)
    least = min(c.validation_loss or 0.0 for c in record.candidates)
    near = [c for c in record.candidates if (c.validation_loss or 0.0) <= least + 0.25 * 0.02]
    assert record.chosen in {c.digest for c in near}
    assert len(near) < len(record.candidates)


def test_a_study_with_a_floor_chooses_a_network_that_meets_it(tmp_path: Path) -> None:
    options = ExploreOptions(trials=6, rung_epochs=(1,), seed=3, objective=OBJECTIVES["parameters"])

    def small_is_worse(spec: NetworkSpec, epochs: int) -> ShortTraining:
        return ShortTraining(60.0 if cost(spec).parameters < 60_000 else 85.0, 400, 0.5, 0.02, 0.01)

    def chosen(*floor: str) -> Candidate:
        journal = tmp_path / f"{''.join(floor)}.journal"
        record = run(small_is_worse, journal, options, requirements=("weights<=100KB", *floor))
        assert {c.validation_top1_percent for c in record.candidates} == {60.0, 85.0}
        return next(c for c in record.candidates if c.digest == record.chosen)

    assert chosen().validation_top1_percent == 60.0
    assert chosen("top1>=80").validation_top1_percent == 85.0
    assert chosen("top1>=80").violation == 0.0


@pytest.mark.parametrize("calls", [0, 1, 5, 11])
def test_an_interrupted_study_goes_on_and_ends_as_if_it_had_not_been(tmp_path: Path, calls: int) -> None:
    whole = Landscape()
    expected = run(whole, tmp_path / "whole.journal")
    journal = tmp_path / "study.journal"
    first, second = Landscape(dies_after=calls), Landscape()
    with pytest.raises(KeyboardInterrupt):
        run(first, journal)
    resumed = run(second, journal)
    assert first.calls + second.calls == whole.calls
    assert resumed.chosen == expected.chosen
    assert [c.digest for c in resumed.candidates] == [c.digest for c in expected.candidates]


def test_successive_generators_are_kept_and_told_again_by_a_resumed_study(tmp_path: Path) -> None:
    journal = tmp_path / "study.journal"
    record = run(Landscape(), journal)
    generators = [candidate.generator for candidate in record.candidates]
    assert generators[0] is None
    assert generators[-1] is not None
    assert list(generators[-1].chances) == list(record.choices)
    again = run(Landscape(), journal)
    assert [candidate.generator for candidate in again.candidates] == generators
    assert record.influences
    assert again.influences == record.influences


def test_what_limits_a_study_and_what_drives_it_is_told(tmp_path: Path) -> None:
    options = ExploreOptions(trials=10, rung_epochs=(1,), seed=3)
    tight = run(Landscape(), tmp_path / "tight.journal", options, requirements=("weights<=20KB", "macs<=90M"))
    assert list(tight.pressures) == ["macs", "weights"]
    assert tight.pressures["weights"] > tight.pressures["macs"] == 0.0
    assert {driver.requirement for driver in tight.drivers} == {"weights", "macs"}
    free = run(Landscape(), tmp_path / "free.journal", options, requirements=())
    assert free.pressures == {}
    assert free.drivers == ()


def test_a_candidate_has_the_reactions_of_its_longest_training(tmp_path: Path) -> None:
    def probed(spec: NetworkSpec, epochs: int) -> ShortTraining:
        reaction = Reaction("stages.0.0", "ablate", epochs / 100, 0.01, 0.5, 0.5)
        return replace(Landscape()(spec, epochs), reactions=(reaction,))

    record = run(probed, tmp_path / "study.journal")
    assert {c.epochs for c in record.candidates} == {1, 3, 9}
    assert all(c.reactions[0].loss_change == c.epochs / 100 for c in record.candidates)
    again = run(Landscape(), tmp_path / "study.journal")
    assert [c.reactions for c in again.candidates] == [c.reactions for c in record.candidates]


def test_a_finished_study_is_read_and_nothing_is_trained_again(tmp_path: Path) -> None:
    journal = tmp_path / "study.journal"
    expected = run(Landscape(), journal)
    again = Landscape()
    assert run(again, journal).chosen == expected.chosen
    assert again.calls == []


def test_the_journal_is_an_optuna_study(tmp_path: Path) -> None:
    journal = tmp_path / "study.journal"
    record = run(Landscape(), journal)
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(journal)))
    study = optuna.load_study(study_name="attendnets", storage=storage)
    assert len(study.trials) == 9
    assert all(trial.state == optuna.trial.TrialState.COMPLETE for trial in study.trials)
    scores = [trial.value for trial in study.trials]
    assert scores == [candidate.netscore for candidate in record.candidates]


@pytest.mark.parametrize("written", ["report", "set_user_attr"])
def test_a_kill_before_any_part_of_a_result_is_written_leaves_it_whole_or_to_be_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    whole = run(Landscape(), tmp_path / "whole.journal")
    write = getattr(optuna.Trial, written)

    def killed(trial: optuna.Trial, *words: object, **more: object) -> None:
        if trial.number == 2:
            raise KeyboardInterrupt
        write(trial, *words, **more)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(optuna.Trial, written, killed)
        run(Landscape(), tmp_path / "study.journal")
    with warnings.catch_warnings(action="error"):
        assert run(Landscape(), tmp_path / "study.journal").candidates == whole.candidates
    trials = open_journal(tmp_path / "study.journal", "a").trials
    for trial, candidate in zip(trials, whole.candidates, strict=True):
        assert len(trial.intermediate_values) == candidate.rung + 1


def test_a_journal_of_another_job_is_refused(tmp_path: Path) -> None:
    journal = tmp_path / "study.journal"
    run(Landscape(), journal)
    with pytest.raises(RunFolderError, match="another job"):
        run(Landscape(), journal, context="b")


def test_a_finished_study_with_more_trials_is_the_study_of_so_many_from_the_start(tmp_path: Path) -> None:
    more = ExploreOptions(trials=14, rung_epochs=(1, 3, 9), seed=3)
    whole = Landscape()
    expected = run(whole, tmp_path / "whole.journal", more)
    journal = tmp_path / "study.journal"
    first, second = Landscape(), Landscape()
    run(first, journal)
    extended = run(second, journal, more)
    assert [(c.digest, c.rung) for c in extended.candidates] == [
        (c.digest, c.rung) for c in expected.candidates
    ]
    assert extended.chosen == expected.chosen
    assert not set(first.calls) & set(second.calls)
    assert set(whole.calls) <= set(first.calls) | set(second.calls)


@pytest.mark.parametrize("calls", [0, 1, 3])
def test_an_extension_that_is_interrupted_goes_on(tmp_path: Path, calls: int) -> None:
    more = ExploreOptions(trials=14, rung_epochs=(1, 3, 9), seed=3)
    expected = run(Landscape(), tmp_path / "whole.journal", more)
    journal = tmp_path / "study.journal"
    run(Landscape(), journal)
    first, second = Landscape(dies_after=calls), Landscape()
    with pytest.raises(KeyboardInterrupt):
        run(first, journal, more)
    extended = run(second, journal, more)
    assert not set(first.calls) & set(second.calls)
    assert [(c.digest, c.rung) for c in extended.candidates] == [
        (c.digest, c.rung) for c in expected.candidates
    ]


def test_a_candidate_that_is_trained_on_after_the_end_has_a_trial_more_that_holds_all(tmp_path: Path) -> None:
    class Poor(Landscape):
        def __call__(self, spec: NetworkSpec, epochs: int) -> ShortTraining:
            result = super().__call__(spec, epochs)
            return replace(result, loss=9.0) if epochs == 1 else result

    journal = tmp_path / "study.journal"
    run(Landscape(), journal)
    more = ExploreOptions(trials=14, rung_epochs=(1, 3, 9), seed=3)
    record = run(Poor(), journal, more)
    trials = open_journal(journal, "a").trials
    newest = {trial.user_attrs["candidate"]: trial for trial in trials}
    assert len(trials) > len(newest) == 14
    assert all(trial.state == optuna.trial.TrialState.COMPLETE for trial in trials)
    for candidate in record.candidates:
        values = newest[candidate.number].intermediate_values
        assert list(values) == [1, 3, 9][: candidate.rung + 1]


def test_on_the_clock_at_least_one_candidate_is_trained(tmp_path: Path) -> None:
    options = ExploreOptions(seconds=1e-6, rung_epochs=(1, 3, 9))
    record = run(Landscape(), tmp_path / "study.journal", options)
    assert record.trials == 1
