"""What --group-by says belongs to the job: it is kept with the run, and another one is another job."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from attendnets.errors import RunFolderError
from attendnets.pipeline import prepare
from attendnets.pipeline.commands import repeat_command
from attendnets.pipeline.main_job import reopen
from attendnets.run import Job, RunFolder

from .photographs import write_photographs


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photographs(tmp_path_factory.mktemp("photographs"), per_class=12)


def test_a_run_goes_on_with_its_groups_and_refuses_others(photographs: Path, tmp_path: Path) -> None:
    job = Job(str(photographs), trials=1, epochs=1, threads=1, group_by=r"/\d\d(\d)")
    out = tmp_path / "run"
    data = prepare(job, out).data
    units = [
        {sample.name[-5] for sample in part}
        for part in (data.learning.train, data.learning.validation, data.test.open())
    ]
    assert not units[0] & units[1] and not units[0] & units[2] and not units[1] & units[2]
    assert RunFolder.open(out).record.job.group_by == job.group_by
    assert prepare(job, out).data.digest == data.digest
    assert reopen(out).data.test.digest == data.test.digest
    for other in (None, r"\d\d\d"):
        with pytest.raises(RunFolderError, match="with other group_by"):
            prepare(Job(str(photographs), trials=1, epochs=1, threads=1, group_by=other), out)


def test_the_command_that_repeats_a_job_names_its_groups() -> None:
    command = repeat_command(Job("photos", group_by=r"patient (\d+)", threads=2), Path("runs/x"))
    words = shlex.split(command)
    assert words[words.index("--group-by") + 1] == r"patient (\d+)"
