"""Kill -9 at random moments of a small build; after each, the same command again.

python -m benchmarks.soak               # 20 kills, a few minutes

Judged after each: the weights and the exported file equal those of the build that nobody killed, and no
stage, trial or epoch that was finished before the kill was done again.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from safetensors import SafetensorError, safe_open

from attendnets.data.elpv import list_elpv
from attendnets.errors import RunFolderError
from attendnets.run import RunFolder
from attendnets.training import TrainingRecord
from attendnets.training.checkpoint import State
from benchmarks.record import write_record

IMAGES = 240
OPTIONS = ("--require", "weights<=60KB", "--require", "macs<=1M", "--minutes", "1", "--threads", "1")
COUNTS = ("--trials", "4", "--epochs", "40")
COMPARED = ("network.json", "train/weights.safetensors", "export/network.tflite", "export/network.onnx")


@dataclass(frozen=True)
class Finished:
    """What a run folder holds for good: stages by when they ended, trainings of candidates, epochs.

    Epochs are told apart by their seconds: one that is done again takes another time. ``trainings`` are
    those of candidates, "TRIAL rungNUMBER" for every time one was done.
    """

    stages: dict[str, str]
    trainings: tuple[str, ...]
    epochs: tuple[float, ...]

    @property
    def stage(self) -> str:
        """The last stage that is finished, "none" before the first."""
        return list(self.stages)[-1] if self.stages else "none"


def finished(folder: Path) -> Finished:
    """What is finished in ``folder`` now."""
    try:
        run = RunFolder.open(folder)
    except RunFolderError:
        return Finished({}, (), ())
    lines = run.journal.read_bytes().split(b"\n")[:-1] if run.journal.exists() else []
    trainings = tuple(
        f"{event['trial_id']} {name}"
        for event in map(msgspec.json.decode, lines)
        for name in event.get("user_attr", ())
        if name.startswith("rung")
    )
    epochs: tuple[float, ...] = ()
    for path in (folder / "train").glob("checkpoint-*.safetensors"):
        try:
            with safe_open(path, framework="pt") as file:
                state = msgspec.json.decode(file.metadata()["state"], type=State)
        except (OSError, SafetensorError):
            continue
        epochs = tuple(epoch.seconds for epoch in state.epochs)
    if "train" in run.record.stages:
        epochs = tuple(epoch.seconds for epoch in run.read(run.training, TrainingRecord).epochs)
    stages = {str(name): finish.finished for name, finish in run.record.stages.items()}
    return Finished(stages, trainings, epochs)


def repeated(before: Finished, after: Finished) -> list[str]:
    """What was finished before the kill and has been done again."""
    again = [name for name, moment in before.stages.items() if after.stages.get(name) != moment]
    again += [f"training {name}" for name, times in Counter(after.trainings).items() if times > 1]
    if after.epochs[: len(before.epochs)] != before.epochs:
        again.append("epochs")
    return again


def main() -> None:
    """Measure, and write results/soak.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = write_table(folder / "cells.csv")
        whole_seconds = build(table, folder / "whole")
        expected = digests(folder / "whole")
        for number in range(given.kills):
            out = folder / f"run{number}"
            moment = chance.uniform(0.0, whole_seconds)
            spent = killed(table, out, moment)
            before = finished(out)
            resumed = build(table, out)
            rows.append(
                {
                    "killed_after_seconds": spent,
                    "finished_stage": before.stage,
                    "finished_trainings": len(before.trainings),
                    "finished_epochs": len(before.epochs),
                    "equal": digests(out) == expected,
                    "done_again": repeated(before, finished(out)),
                    "repeated_seconds": spent + resumed - whole_seconds,
                }
            )
            print(msgspec.json.encode(rows[-1]).decode(), flush=True)
        figures = {
            "images": IMAGES,
            "kills": len(rows),
            "equal": sum(row["equal"] for row in rows),
            "done_again": sum(len(row["done_again"]) for row in rows),
            "whole_seconds": whole_seconds,
            "repeated_seconds_median": statistics.median(row["repeated_seconds"] for row in rows),
            "repeated_seconds_largest": max(row["repeated_seconds"] for row in rows),
            "repeated_seconds_all": sum(row["repeated_seconds"] for row in rows),
            "rows": rows,
        }
    path = write_record(
        "soak",
        "a build that is killed goes on where it was: nothing finished is repeated, the result is equal",
        figures,
        commands=[f"python -m benchmarks.soak --kills {given.kills}"],
        seed=given.seed,
    )
    print(path)


def write_table(path: Path) -> Path:
    """A CSV of the first cells of elpv, as many of each class."""
    listing = list_elpv()
    lines = ["path,label"]
    for label, name in enumerate(listing.classes):
        some = [record for record in listing.records if record.label == label][: IMAGES // 2]
        lines += [f"{record.path},{name}" for record in some]
    path.write_text("\n".join(lines) + "\n")
    return path


def command(table: Path, out: Path) -> list[str]:
    """The build, as a user gives it."""
    return [
        *(sys.executable, "-m", "attendnets", "build", str(table), *OPTIONS, *COUNTS),
        *("--quiet", "--out", str(out)),
    ]


def build(table: Path, out: Path) -> float:
    """Build to the end; seconds. Raises SystemExit where it fails."""
    started = time.perf_counter()
    done = subprocess.run(command(table, out), capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"the build ended with {done.returncode}: {done.stderr}")
    return time.perf_counter() - started


def killed(table: Path, out: Path, seconds: float) -> float:
    """Begin a build and kill it, with all that it started, after ``seconds``; seconds that it ran."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command(table, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return time.perf_counter() - started


def digests(out: Path) -> dict[str, str]:
    """SHA-256 of the files that make the result."""
    return {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in COMPARED}


if __name__ == "__main__":
    main()
