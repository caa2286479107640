"""A run that lasts: gone on with from its folder alone, extended, moved, and without a password in it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import optuna
import pytest

from attendnets.errors import RunFolderError, StorageError, StudyError, UsageError
from attendnets.exploration.record import StudyRecord
from attendnets.pipeline import (
    BuildResult,
    build,
    explore_stage,
    main_job,
    prepare,
    reopen,
    resume,
    train_stage,
)
from attendnets.pipeline.commands import repeat_command
from attendnets.run import Job, RunFolder
from benchmarks.postgresql_server import PASSWORD, Server
from tests.pipeline.photographs import write_photographs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photographs(tmp_path_factory.mktemp("photographs"), per_class=20, side=32)


@pytest.fixture(scope="module")
def job(photographs: Path) -> Job:
    return Job(str(photographs), ("weights<=40KB", "macs<=400K"), minutes=1.0, trials=2, epochs=4, threads=1)


@pytest.fixture(scope="module")
def whole(job: Job, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    return build(job, tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture
def copied(whole: BuildResult, tmp_path: Path) -> Path:
    return shutil.copytree(whole.run, tmp_path / "copied")


def attendnets(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "attendnets", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=False,
    )


def test_a_run_is_gone_on_with_from_its_folder_alone(job: Job, whole: BuildResult, tmp_path: Path) -> None:
    explore_stage(prepare(job, tmp_path / "run"))
    done = attendnets("resume", str(tmp_path / "run"), "--json")
    assert done.returncode in (0, 1), done.stderr
    for name in ("network.json", "train/weights.safetensors", "export/network.tflite"):
        assert (tmp_path / "run" / name).read_bytes() == (whole.run / name).read_bytes()
    assert json.loads(done.stdout)["met"] == whole.verdict.met


def test_an_extended_run_is_the_run_of_so_many_trials_and_its_later_stages_are_done_again(
    job: Job, whole: BuildResult, copied: Path, tmp_path: Path
) -> None:
    before = RunFolder.open(copied).record.stages
    resume(copied, extend=2)
    run = RunFolder.open(copied)
    record = run.read(run.study, StudyRecord)
    assert record.trials == run.record.job.trials == 4
    earlier = RunFolder.open(whole.run).read(whole.run / "study.json", StudyRecord)
    assert [c.digest for c in record.candidates[:2]] == [c.digest for c in earlier.candidates]
    for now, then in zip(record.candidates, earlier.candidates, strict=False):
        # One that is trained on adds to what was spent on it.
        assert now.seconds == then.seconds if now.epochs == then.epochs else now.seconds > then.seconds
    assert run.record.stages["check"] == before["check"]
    for stage in ("explore", "train", "quantize", "export", "benchmark"):
        assert run.record.stages[stage].finished >= before[stage].finished
        assert run.record.stages[stage] != before[stage]
    assert run.record.command.endswith("--extend 2")
    with pytest.raises(RunFolderError, match=r"other trials .*--extend 2.* attendnets resume"):
        prepare(job, copied)
    from_the_start = explore_stage(prepare(replace(job, trials=4), tmp_path / "four"))
    assert [c.digest for c in record.candidates] == [c.digest for c in from_the_start.candidates]
    assert record.chosen == from_the_start.chosen


@pytest.mark.parametrize(
    ("extend", "error", "message"),
    [(0, UsageError, "--extend 0: give at least 1"), (-3, UsageError, "--extend -3")],
)
def test_an_extension_by_nothing_is_refused(
    copied: Path, extend: int, error: type[UsageError], message: str
) -> None:
    with pytest.raises(error, match=message):
        resume(copied, extend=extend)


class Stopped(Exception):
    """Stands for whatever ended a command."""


@pytest.mark.parametrize("stage", ["explore", "report"])
def test_an_extension_that_was_interrupted_goes_on_when_it_is_asked_for_again(
    stage: str, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise Stopped

    with monkeypatch.context() as patch, pytest.raises(Stopped):
        patch.setattr(main_job, f"{stage}_stage", stop)
        resume(copied, extend=1)
    resume(copied, extend=1)
    record = RunFolder.open(copied).record
    assert (record.job.trials, record.command.count("--extend 1")) == (3, 1)
    assert "report" in record.stages
    # At its end, the same words ask for another one.
    resume(copied, extend=1)
    record = RunFolder.open(copied).record
    assert (record.job.trials, record.command.count("--extend 1")) == (4, 2)


def test_an_exploration_that_is_not_finished_is_not_extended(job: Job, tmp_path: Path) -> None:
    prepare(job, tmp_path / "run")
    with pytest.raises(RunFolderError, match=r"not finished. attendnets resume .* goes on with it"):
        resume(tmp_path / "run", extend=2)


def test_a_run_of_a_given_network_is_not_extended(job: Job, whole: BuildResult, tmp_path: Path) -> None:
    given = Job(job.data, job.requirements, minutes=1.0, epochs=1, threads=1, network=str(whole.run))
    prepare(given, tmp_path / "run")
    with pytest.raises(UsageError, match="explored nothing"):
        resume(tmp_path / "run", extend=2)


def test_what_is_no_run_is_not_resumed(tmp_path: Path) -> None:
    done = attendnets("resume", str(tmp_path / "nothing"))
    assert done.returncode == 2 and "no run.json" in done.stderr


@pytest.fixture(scope="module")
def stored(job: Job, tmp_path_factory: pytest.TempPathFactory) -> tuple[Job, Path]:
    """A job whose exploration is finished in a database, under a name that was given, and its run folder."""
    folder = tmp_path_factory.mktemp("stored")
    given = replace(job, trials=1, storage=f"sqlite:///{folder / 'studies.db'}", study="mine")
    explore_stage(prepare(given, folder / "run"))
    return given, folder / "run"


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"seed": 1}, "its seed is 0, this job's is 1"),
        (
            {"requirements": ("weights<=50KB",)},
            "its requirements is weights<=40KB macs<=400K, this job's is weights<=50KB",
        ),
        ({"minutes": 2.0}, "its minutes is 1, this job's is 2"),
        ({"objective": "macs"}, "its objective is none, this job's is macs"),
        ({"constraints": ("anti_aliased_downsampling",)}, "its beginning is none, this job's is /anti_"),
        ({"data": "OTHER"}, "its data is [0-9a-f]{16}, this job's is [0-9a-f]{16}"),
        ({"data": "LARGER"}, "its data is .*; its space is [0-9a-f]{16}, this job's is [0-9a-f]{16}"),
    ],
)
def test_a_name_in_a_database_that_belongs_to_another_job_is_refused(
    stored: tuple[Job, Path], changes: dict[str, str], difference: str, tmp_path: Path
) -> None:
    if "data" in changes:
        side = 64 if changes["data"] == "LARGER" else 32
        changes = {"data": str(write_photographs(tmp_path / "other", per_class=20, side=side, seed=1))}
    other = replace(stored[0], **changes)  # type: ignore[arg-type]
    with pytest.raises(StudyError, match=f"'mine' in sqlite.* is of another job: .*{difference}"):
        explore_stage(prepare(other, tmp_path / "run"))


def test_a_study_of_another_version_is_refused(stored: tuple[Job, Path], tmp_path: Path) -> None:
    copy = Path(shutil.copy(stored[1].parent / "studies.db", tmp_path / "copy.db"))
    study = optuna.load_study(study_name="mine", storage=f"sqlite:///{copy}")
    study.set_user_attr("context", study.user_attrs["context"].replace("torch 2.", "torch 1."))
    other = replace(stored[0], storage=f"sqlite:///{copy}")
    with pytest.raises(StudyError, match=r"its torch is 1\.[^;]*, this job's is 2\.[^;]*\. Choose"):
        explore_stage(prepare(other, tmp_path / "run"))


def test_without_a_name_each_job_has_a_study_of_its_own(stored: tuple[Job, Path], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    job = replace(stored[0], storage=url, study=None)
    for number, seed in enumerate((0, 1, 0)):
        explore_stage(prepare(replace(job, seed=seed), tmp_path / f"run{number}"))
    names = optuna.get_all_study_names(url)
    assert len(names) == 2 and all(name.startswith("attendnets-") for name in names)
    assert (tmp_path / "run0" / "network.json").read_bytes() == (
        tmp_path / "run2" / "network.json"
    ).read_bytes()


def test_the_same_workers_have_one_study_whatever_the_machine_that_drives_them(
    stored: tuple[Job, Path], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    job = replace(stored[0], storage=url, study=None, workers="1")
    for threads in (1, 4):
        explore_stage(prepare(replace(job, threads=threads), tmp_path / f"run{threads}"))
    assert len(optuna.get_all_study_names(url)) == 1
    explore_stage(prepare(replace(job, workers="2"), tmp_path / "run2"))
    assert len(optuna.get_all_study_names(url)) == 2


def test_training_for_other_minutes_leaves_the_exploration_as_it_is(copied: Path) -> None:
    explored = RunFolder.open(copied).record.stages["explore"]
    done = attendnets("train", str(copied), "--minutes", "0.02")
    assert done.returncode == 0, done.stderr
    assert attendnets("resume", str(copied)).returncode in (0, 1)
    record = RunFolder.open(copied).record
    assert record.stages["explore"] == explored
    assert (record.job.train_minutes, record.job.epochs, record.job.minutes) == (0.02, None, 1.0)
    assert attendnets("train", str(copied), "--epochs", "3").returncode == 0
    assert (RunFolder.open(copied).record.job.train_minutes, RunFolder.open(copied).record.job.epochs) == (
        None,
        3,
    )
    refused = attendnets("train", str(copied), "--epochs", "3", "--minutes", "1")
    assert refused.returncode == 2 and "give one of them" in refused.stderr


def test_a_study_that_moved_goes_on_where_it_is_now_and_trains_nothing_again(
    stored: tuple[Job, Path], tmp_path: Path
) -> None:
    run = RunFolder.open(Path(shutil.copytree(stored[1], tmp_path / "run")))
    before = run.read(run.study, StudyRecord)
    run.study.unlink()
    moved = f"sqlite:///{shutil.copy(stored[1].parent / 'studies.db', tmp_path / 'moved.db')}"
    after = explore_stage(reopen(run.path, storage=moved))
    assert after.candidates == before.candidates and after.chosen == before.chosen
    assert RunFolder.open(run.path).record.job.storage == moved


def test_a_database_without_the_run_s_study_is_refused_and_nothing_is_begun_in_it(
    stored: tuple[Job, Path], tmp_path: Path
) -> None:
    run = RunFolder.open(Path(shutil.copytree(stored[1], tmp_path / "run")))
    run.study.unlink()
    wrong = f"sqlite:///{tmp_path / 'wrong.db'}"
    with pytest.raises(StudyError, match=r"wrong\.db holds no study 'mine'.* has moved to"):
        resume(run.path, storage=wrong)
    assert not (tmp_path / "wrong.db").exists()
    optuna.create_study(storage=wrong, study_name="another")
    with pytest.raises(StudyError, match=r"wrong\.db holds no study 'mine'"):
        resume(run.path, storage=wrong)
    assert RunFolder.open(run.path).record.job.storage == stored[0].storage
    assert optuna.get_all_study_names(wrong) == ["another"]


def test_another_password_for_a_database_that_was_never_reached_is_taken(
    stored: tuple[Job, Path], tmp_path: Path
) -> None:
    away = "postgresql://me{}@127.0.0.1:1/db"
    pytest.importorskip("psycopg")
    prepare(replace(stored[0], storage=away.format("")), tmp_path / "run")
    with pytest.raises(StorageError, match="port 1"):
        resume(tmp_path / "run", storage=away.format(":secret"))
    assert RunFolder.open(tmp_path / "run").record.job.storage == away.format(":***")


def test_after_another_training_the_same_extension_is_another_one(copied: Path) -> None:
    resume(copied, extend=1)
    train_stage(reopen(copied, epochs=1))
    assert RunFolder.open(copied).record.command.endswith("--epochs 1")
    resume(copied, extend=1)
    assert RunFolder.open(copied).record.job.trials == 4


def test_a_run_with_a_journal_takes_no_database(copied: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"its own journal, .*study\.journal. Leave --storage out"):
        resume(copied, storage=f"sqlite:///{tmp_path / 'studies.db'}")
    assert not (tmp_path / "studies.db").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--storage", "nonsense"), "not the URL of a database"),
        (("--storage", "oracel://me:secret@host/db"), "no database of that kind"),
        (("--study", "mine"), "give its --storage as well"),
        (("--storage", "sqlite:///studies.db", "--network", "attendnet_b"), "explores nothing"),
    ],
)
def test_wrong_usage_of_storage_gives_one_message_and_exit_code_2(
    words: tuple[str, ...], message: str, photographs: Path, tmp_path: Path
) -> None:
    done = attendnets("build", str(photographs), "--out", str(tmp_path / "run"), *words)
    assert done.returncode == 2 and message in done.stderr
    assert "secret" not in done.stdout + done.stderr
    assert not (tmp_path / "run").exists()


def test_a_server_that_is_away_gives_one_message_and_exit_code_3(photographs: Path, tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    done = attendnets(
        *("explore", str(photographs), "--trials", "1", "--minutes", "1", "--threads", "1"),
        *("--storage", "postgresql://me:secret@127.0.0.1:1/db", "--out", str(tmp_path / "run")),
    )
    assert done.returncode == 3, done.stderr
    assert "127.0.0.1" in done.stderr and "port 1" in done.stderr and "Traceback" not in done.stderr
    assert "secret" not in done.stdout + done.stderr


def files_of(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()


def test_a_password_is_used_and_written_nowhere(
    job: Job, postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    words = ["build", job.data, "--out", str(out), "--minutes", "1", "--threads", "1", "--trials", "1"]
    for requirement in job.requirements:
        words += ["--require", requirement]
    done = attendnets(*words, "--epochs", "4", "--storage", postgresql.url(), "--study", "lasting")
    assert done.returncode in (0, 1), done.stderr
    assert not (out / "study.journal").exists()
    kept = RunFolder.open(out).record.job.storage
    assert kept == f"postgresql://attendnets:***@127.0.0.1:{postgresql.port}/postgres"
    refused = attendnets("resume", str(out), "--extend", "1")
    assert refused.returncode == 3 and "no password" in refused.stderr
    # Where PostgreSQL's own programs look for it, it is found.
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    resume(out)
    run = RunFolder.open(out)
    assert run.read(run.study, StudyRecord).trials == 2
    study = optuna.load_study(study_name="lasting", storage=postgresql.url())
    told = [done.stdout, done.stderr, refused.stderr, str(study.user_attrs), str(study.trials)]
    assert not [text for text in told if PASSWORD[:8] in text]
    assert not [path for path, content in files_of(out) if PASSWORD[:8].encode() in content]
    assert "***@127.0.0.1" in (out / "report.html").read_text()


def test_the_command_that_repeats_a_job_masks_its_password() -> None:
    job = Job("photos", storage="postgresql://me:secret@host/db", study="my study")
    words = shlex.split(repeat_command(job, Path("runs/x")))
    assert words[words.index("--storage") + 1] == "postgresql://me:***@host/db"
    assert words[words.index("--study") + 1] == "my study"
    assert "secret" not in repr(job)


def test_a_run_is_read_where_its_images_are_not(copied: Path, photographs: Path, tmp_path: Path) -> None:
    """As on another machine: the folder is copied, the data set is not."""
    record = copied / "run.json"
    record.write_text(record.read_text().replace(str(photographs), "/nowhere/photographs"))
    study = optuna.load_study(
        study_name="attendnets",
        storage=optuna.storages.JournalStorage(
            optuna.storages.journal.JournalFileBackend(str(copied / "study.journal"))
        ),
    )
    assert len(study.trials) == 2
    assert {trial.state for trial in study.trials} == {optuna.trial.TrialState.COMPLETE}
    image = next(photographs.rglob("*.png"))
    for words in (
        ("describe", str(copied)),
        ("show", str(copied), "--out", str(tmp_path / "network.svg")),
        ("predict", str(copied), str(image)),
    ):
        done = attendnets(*words)
        assert done.returncode == 0, done.stderr
