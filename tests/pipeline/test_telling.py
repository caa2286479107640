"""What an exploration says of itself when it ends."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from attendnets.exploration.record import RankCorrelation, StudyProgress
from attendnets.pipeline import prepare
from attendnets.pipeline.listener import Listener, Step
from attendnets.pipeline.telling import tell_fidelities, told_study
from attendnets.run import Job
from attendnets.terminal import Lines
from tests.pipeline.photographs import write_photographs
from tests.report import records


def told(*fidelities: RankCorrelation) -> str:
    stream = io.StringIO()
    tell_fidelities(Lines(stream), replace(records.study(), fidelities=fidelities))
    return stream.getvalue()


def test_rank_correlations_are_told_where_they_are_known() -> None:
    unknown = RankCorrelation(9, 27, 2, None, None)
    known = RankCorrelation(3, 27, 3, 0.5, None), RankCorrelation(3, 9, 7, 0.6786, (-0.1, 0.93))
    assert told(unknown, *known) == (
        "note: Rank correlation of validation losses, 3 epochs with 27: 0.50 over 3 networks, too few for an "
        "interval; 3 epochs with 9: 0.68 (-0.10 to 0.93) over 7 networks.\n"
    )
    assert told(unknown) == told() == ""


class Steps(Listener):
    def __init__(self) -> None:
        self.heard: list[Step] = []

    def step(self, step: Step) -> None:
        self.heard.append(step)


@pytest.mark.parametrize("resumed", [False, True])
def test_time_left_counts_the_epochs_that_were_trained_also_in_earlier_sittings(
    tmp_path: Path, resumed: bool
) -> None:
    photographs = write_photographs(tmp_path / "photographs", per_class=10, side=32)
    steps = Steps()
    job = Job(str(photographs), trials=9, epochs=4, threads=1)
    tell = told_study(prepare(job, tmp_path / "run", steps), (1, 3, 9))
    steps.heard.clear()
    candidate = records.study().candidates[0]
    # One candidate goes up both rungs: 1 + 3 + 9 epochs of 9 + 3 * 3 + 9.
    for rung, epochs in enumerate((1, 3, 9)):
        last = replace(candidate, state="stopped", rung=rung, epochs=epochs, error=None)
        tell(StudyProgress(1, 80.0, 26.0, None, last, earlier=resumed and rung < 2))
    assert (steps.heard[-1].done, steps.heard[-1].total) == (13, 27)
    assert steps.heard[-1].seconds_left == pytest.approx(28.0)


@pytest.mark.parametrize(("entropy", "words"), [(0.4321, ", generator's entropy 0.43"), (None, "")])
def test_how_far_the_generator_has_settled_is_told_while_it_explores(
    tmp_path: Path, entropy: float | None, words: str
) -> None:
    photographs = write_photographs(tmp_path / "photographs", per_class=10, side=32)
    steps = Steps()
    tell = told_study(prepare(Job(str(photographs), trials=9, threads=1), tmp_path / "run", steps), (1, 3, 9))
    tell(StudyProgress(4, 80.0, 26.0, None, records.study().candidates[0], entropy=entropy))
    assert steps.heard[-1].text == f"4 candidates, best 80.0 %{words}"
