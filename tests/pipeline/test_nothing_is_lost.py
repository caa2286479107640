"""Killed, out of disk, run twice at once, tampered with: the same command goes on, or says what is wrong."""

from __future__ import annotations

import pickle  # noqa: TID251 - to see it refused
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from attendnets.errors import RunFolderError, TrainingError
from attendnets.pipeline import build, reopen, train_stage
from attendnets.run import Job, RunFolder
from tests.pipeline.photographs import write_photographs

RESULT = ("network.json", "train/weights.safetensors", "export/network.tflite", "export/network.onnx")


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photographs(tmp_path_factory.mktemp("photographs"), per_class=20, side=32)


@pytest.fixture(scope="module")
def job(photographs: Path) -> Job:
    return Job(str(photographs), ("weights<=40KB", "macs<=400K"), minutes=1.0, trials=2, epochs=12, threads=1)


@pytest.fixture(scope="module")
def whole(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build that nothing disturbed."""
    return build(job, tmp_path_factory.mktemp("whole") / "run").run


def command(job: Job, out: Path) -> list[str]:
    words = [sys.executable, "-m", "attendnets", "build", job.data, "--out", str(out), "--quiet"]
    for requirement in job.requirements:
        words += ["--require", requirement]
    return [
        *words,
        *("--minutes", "1", "--threads", "1"),
        *("--trials", str(job.trials), "--epochs", str(job.epochs)),
    ]


def give(job: Job, out: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command(job, out), capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def assert_same_result(one: Path, other: Path) -> None:
    assert [name for name in RESULT if (one / name).read_bytes() != (other / name).read_bytes()] == []


def wait_until(condition: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    while not condition():
        assert process.poll() is None, "the build ended before that"
        time.sleep(0.01)


def test_a_build_killed_in_its_training_is_refused_to_others_while_it_runs_and_ends_as_if_nothing_were(
    job: Job, whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    process = subprocess.Popen(command(job, out), stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: list(out.glob("train/checkpoint-*.safetensors")), process)
        process.send_signal(signal.SIGSTOP)
        second = give(job, out)
        assert second.returncode == 2
        assert f"in use by process {process.pid}" in second.stderr
    finally:
        process.kill()
        process.wait()
    before = RunFolder.open(out).record.stages
    assert list(before) == ["check", "explore"]
    assert give(job, out).returncode == 0
    after = RunFolder.open(out).record.stages
    assert {name: after[name] for name in before} == before
    assert_same_result(out, whole)


def test_ctrl_c_ends_a_build_with_130_and_the_command_goes_on(job: Job, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = subprocess.Popen(
        command(job, out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    wait_until(lambda: (out / "study.journal").exists(), process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130 and b"Traceback" not in said
    assert b"the same command goes on where it was" in said
    assert give(job, out).returncode == 0
    assert_same_result(out, whole)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for little."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("a small file system cannot be mounted here (it takes the rights of root)")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_named_and_with_more_room_the_same_command_goes_on(
    job: Job, whole: Path, small_disk: Path
) -> None:
    out = small_disk / "run"
    full = give(job, out)
    assert full.returncode == 3
    assert "cannot be written: No space left on device" in full.stderr and str(out) in full.stderr
    assert "the same command again" in full.stderr
    kept = dict(RunFolder.open(out).record.stages)
    assert "check" in kept
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert give(job, out).returncode == 0
    after = RunFolder.open(out).record.stages
    assert {name: after[name] for name in kept} == kept
    assert_same_result(out, whole)


def test_a_run_folder_that_cannot_be_written_is_named(job: Job, whole: Path, small_disk: Path) -> None:
    (small_disk / "run").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for out in (small_disk / "run", small_disk / "new"):
        refused = give(job, out)
        assert refused.returncode == 2
        assert f"{out} cannot be written: Read-only file system" in refused.stderr


@pytest.fixture
def copied(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "copied")


def pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps({"weights": [1.0]}))


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def of_another_network(path: Path) -> None:
    tensors = load_file(path)
    save_file(
        {name: value.repeat(2, *[1] * (value.ndim - 1)) for name, value in tensors.items() if value.ndim},
        path,
    )


def altered(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "name",
    [
        "network.json",
        "study.json",
        "train/weights.safetensors",
        "quantize/observed.safetensors",
        "export/network.tflite",
        "export/network.onnx",
    ],
)
@pytest.mark.parametrize("damage", [pickled, truncated, altered])
def test_a_file_that_is_not_the_one_written_is_named_with_the_way_out(
    job: Job, copied: Path, name: str, damage: Callable[[Path], None]
) -> None:
    damage(copied / name)
    with pytest.raises(RunFolderError, match=f"{name} is not the file that the stage .* delete it and"):
        build(job, copied)


def test_weights_of_another_network_are_refused_by_name_and_by_shape(job: Job, copied: Path) -> None:
    weights = copied / "train" / "weights.safetensors"
    of_another_network(weights)
    with pytest.raises(RunFolderError, match="not the file that the stage 'train' wrote"):
        build(job, copied)


def test_a_deleted_file_is_made_again_equal_to_the_one_before(job: Job, whole: Path, copied: Path) -> None:
    for name in ("train/weights.safetensors", "export/network.tflite"):
        (copied / name).unlink()
    build(job, copied)
    assert_same_result(copied, whole)


@pytest.mark.parametrize("damage", [pickled, truncated])
def test_a_checkpoint_that_is_none_is_named_and_training_begins_when_it_is_deleted(
    job: Job, whole: Path, copied: Path, damage: Callable[[Path], None]
) -> None:
    (copied / "train" / "weights.safetensors").unlink()
    context = reopen(copied)
    names: list[Path] = []
    real = RunFolder.checkpoint

    def remember(run: RunFolder, inputs: dict[str, str]) -> Path:
        names.append(real(run, inputs))
        shutil.copy(whole / "train" / "weights.safetensors", names[0])
        damage(names[0])
        return names[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunFolder, "checkpoint", remember)
        with pytest.raises(
            TrainingError, match=r"checkpoint-\w+\.safetensors is not a checkpoint .* Delete it"
        ):
            train_stage(context)
    names[0].unlink()
    train_stage(reopen(copied))
    assert_same_result(copied, whole)
