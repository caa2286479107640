"""The run folder remembers what is finished, and refuses what is not its own."""

import os
import threading
from pathlib import Path

import pytest

from attendnets.errors import RunFolderError
from attendnets.run import RUN_VERSION, Job, RunFolder, file_digest

JOB = Job(data="photos", requirements=("weights<=100KB",), trials=3, epochs=2, threads=1)


def make(path: Path, job: Job = JOB, digest: str = "d") -> RunFolder:
    return RunFolder.create(path, job, "attendnets build photos", digest)


def test_a_finished_stage_stays_finished_for_the_same_inputs_only(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    with run.stage("explore", {"data": "a"}):
        pass
    again = RunFolder.open(tmp_path / "run")
    assert again.is_finished("explore", {"data": "a"})
    assert not again.is_finished("explore", {"data": "b"})
    assert not again.is_finished("train", {"data": "a"})


def test_a_stage_that_failed_is_not_finished(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    with pytest.raises(ValueError, match="no"), run.stage("explore", {}):
        raise ValueError("no")
    assert not RunFolder.open(tmp_path / "run").is_finished("explore", {})


def test_doing_a_stage_again_unfinishes_all_after_it(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    for name in ("explore", "train", "quantize"):
        with run.stage(name, {}):
            pass
    with run.stage("train", {"weights": "new"}):
        pass
    assert list(RunFolder.open(tmp_path / "run").record.stages) == ["explore", "train"]


def test_the_same_job_takes_its_folder_up_again(tmp_path: Path) -> None:
    with make(tmp_path / "run").stage("explore", {}):
        pass
    assert make(tmp_path / "run").is_finished("explore", {})


@pytest.mark.parametrize(
    ("job", "digest", "message"),
    [
        (JOB, "other", "other images"),
        (Job(data="photos", requirements=(), trials=3, epochs=2, threads=1), "d", "other requirements"),
        (
            Job(data="photos", requirements=("weights<=100KB",), trials=3, epochs=2, seed=1, threads=1),
            "d",
            "seed",
        ),
    ],
)
def test_a_folder_of_another_job_or_other_data_is_refused(
    tmp_path: Path, job: Job, digest: str, message: str
) -> None:
    make(tmp_path / "run")
    with pytest.raises(RunFolderError, match=message):
        make(tmp_path / "run", job, digest)


def test_a_folder_of_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(RunFolderError, match="not a run"):
        make(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("content", ["", "{", "{}", '{"version": 1}'])
def test_a_damaged_run_json_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(RunFolderError, match=r"run\.json"):
        RunFolder.open(tmp_path)


def test_a_run_of_another_version_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "run")
    text = (tmp_path / "run" / "run.json").read_text()
    (tmp_path / "run" / "run.json").write_text(text.replace(f'"version": {RUN_VERSION}', '"version": 99'))
    with pytest.raises(RunFolderError, match="version 99"):
        RunFolder.open(tmp_path / "run")


def test_a_run_begun_with_another_version_of_what_decides_results_is_not_gone_on_with(tmp_path: Path) -> None:
    make(tmp_path / "run")
    record = tmp_path / "run" / "run.json"
    record.write_text(record.read_text().replace('"attendnets": "', '"attendnets": "0.0.'))
    with pytest.raises(RunFolderError, match=r"begun with attendnets 0\.0\..* Install that version"):
        make(tmp_path / "run")


def test_a_stage_whose_file_is_gone_is_done_again_and_one_whose_file_was_changed_is_named(
    tmp_path: Path,
) -> None:
    run = make(tmp_path / "run")
    with run.stage("explore", {}, run.network):
        run.network.write_text("{}")
    assert run.is_finished("explore", {})
    run.network.write_text("{ }")
    for ask in (lambda: run.is_finished("explore", {}), lambda: run.require("explore")):
        with pytest.raises(
            RunFolderError, match=r"network\.json is not the file that the stage 'explore' wrote"
        ):
            ask()
    run.network.unlink()
    assert not run.is_finished("explore", {})
    with pytest.raises(RunFolderError, match="not finished"):
        run.require("explore")


def test_a_folder_in_use_is_refused_and_the_user_named(tmp_path: Path) -> None:
    make(tmp_path / "run")
    messages: list[str] = []

    def second() -> None:
        try:
            make(tmp_path / "run")
        except RunFolderError as error:
            messages.append(str(error))

    with RunFolder.locked(tmp_path / "run"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert len(messages) == 1 and f"in use by process {os.getpid()}" in messages[0]


def test_a_run_that_another_process_went_on_with_is_not_written_over(tmp_path: Path) -> None:
    one, two = make(tmp_path / "run"), make(tmp_path / "run")
    with one.stage("explore", {}):
        pass
    with pytest.raises(RunFolderError, match="Give the command again"), two.stage("explore", {}):
        pass


def test_a_stage_that_needs_another_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="attendnets train first"):
        make(tmp_path / "run").require("train")


def test_reading_a_missing_or_damaged_record_names_the_file(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    with pytest.raises(RunFolderError, match=r"study\.json is missing"):
        run.read(run.study, Job)
    run.study.write_text("[]")
    with pytest.raises(RunFolderError, match=r"study\.json cannot be read"):
        run.read(run.study, Job)


def test_the_digest_of_a_file_follows_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "a"
    assert file_digest(file) == ""
    file.write_bytes(b"1")
    first = file_digest(file)
    file.write_bytes(b"2")
    assert file_digest(file) != first
