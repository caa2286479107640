"""The objective is part of the job: it decides, is kept, is told, and tells studies apart."""

from __future__ import annotations

import io
import shlex
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from attendnets.errors import RunFolderError
from attendnets.exploration.record import StudyRecord
from attendnets.pipeline import explore_stage, prepare
from attendnets.pipeline.commands import repeat_command
from attendnets.pipeline.main_job import reopen
from attendnets.run import Job, RunFolder
from attendnets.terminal import Lines
from tests.pipeline.photographs import write_photographs

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    photographs = write_photographs(tmp_path_factory.mktemp("photographs"), per_class=16, side=32)
    return Job(
        str(photographs), ("weights<=20KB", "macs<=400K"), minutes=1, trials=2, threads=1, objective="MACs"
    )


def test_a_study_of_another_objective_is_not_gone_on_with(job: Job, tmp_path: Path) -> None:
    out, told = tmp_path / "run", io.StringIO()
    record = explore_stage(prepare(job, out, Lines(told)))
    run = RunFolder.open(out)
    assert run.record.job.objective == "macs"
    assert run.read(run.study, StudyRecord).objective == record.objective == "macs"
    assert f"chosen {record.chosen}, the fewest MACs of the best in loss" in told.getvalue()
    assert explore_stage(reopen(out)).chosen == record.chosen
    with pytest.raises(RunFolderError, match="a run with other objective"):
        prepare(replace(job, objective="accuracy"), out)
    with pytest.raises(
        RunFolderError, match=r"a study of another job: its objective is macs, this job's is accuracy"
    ):
        explore_stage(reopen(out, objective="accuracy"))


def test_the_command_that_repeats_a_job_names_its_objective(job: Job) -> None:
    words = shlex.split(repeat_command(replace(job, objective="macs"), Path("runs/x"), verb="explore"))
    assert words[:3] == ["attendnets", "explore", job.data]
    assert words[words.index("--objective") + 1] == "macs"
    assert "--objective" not in repeat_command(replace(job, objective="netscore"), Path("runs/x"))
    assert "--objective" not in repeat_command(job, Path("runs/x"), network="runs/x#abc")


def test_a_job_that_was_written_before_there_were_objectives_is_one_of_netscore(job: Job) -> None:
    written = msgspec.to_builtins(job)
    del written["objective"]
    assert msgspec.convert(written, Job).objective == "netscore"
