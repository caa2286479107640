"""Kill -9 the driver of a study in PostgreSQL, again and again; after each, the same command again.

python -m benchmarks.study_soak                          # three kills, a few minutes; prints what came out
python -m benchmarks.study_soak --kill-workers-every 20  # and a process that trains, every 20 seconds
python -m benchmarks.study_soak --write                  # results/study_soak.json

Judged at the end: what was finished before a kill is there as it was, no candidate or training is there
twice, and the candidates, how far each was trained, their accuracies and the choice are those of a study
that nobody killed.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import optuna

from attendnets.exploration.record import StudyRecord
from benchmarks.postgresql_server import Server, postgresql_server
from benchmarks.record import write_record
from benchmarks.soak import write_table

OPTIONS = ("--require", "weights<=60KB", "--require", "macs<=1M", "--minutes", "3", "--threads", "2")
WORKER = b"attendnets.exploration.worker"
_LOOK_SECONDS = 0.1
_MOST_COMMANDS = 50


@dataclass
class Kills:
    """Of the driver when ``trainings`` are finished, and of a random worker every ``seconds``."""

    trainings: int | None
    seconds: float | None
    chance: random.Random
    workers: int = 0


def main() -> None:
    """Measure; with --write, write results/study_soak.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--trials", type=int, default=9)
    parser.add_argument("--kill-workers-every", type=float, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    # Otherwise the server would outlive this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory() as name, postgresql_server() as server:
        figures = measure(Path(name), server, given)
    print(msgspec.json.format(msgspec.json.encode(figures), indent=2).decode())
    if given.write:
        counts = f"--kills {given.kills} --trials {given.trials}"
        if given.kill_workers_every:
            counts += f" --kill-workers-every {given.kill_workers_every:g}"
        path = write_record(
            "study_soak",
            "a study whose driver is killed loses and doubles nothing, and tries the same candidates",
            figures,
            commands=[f"python -m benchmarks.study_soak {counts} --write"],
            seed=given.seed,
        )
        print(path)
    if not (figures["equal"] and not figures["lost_or_changed"] and not figures["doubled"]):
        raise SystemExit("the killed study is not the one that nobody killed")


def measure(folder: Path, server: Server, given: argparse.Namespace) -> dict[str, Any]:
    """A study that nobody kills, then one that is killed, in ``server``."""
    table = write_table(folder / "cells.csv")
    url, trials, every = server.url(), str(given.trials), given.kill_workers_every
    chance = random.Random(given.seed)
    code, whole_seconds = drive(folder / "whole", table, url, "whole", trials, Kills(None, None, chance))
    if code != 0:
        raise SystemExit(f"the study that nobody killed ended with {code}")
    total = len(trainings(url, "whole"))
    moments = [max(1, round(total * (k + chance.random()) / (given.kills + 1))) for k in range(given.kills)]
    before: dict[str, float] = {}
    rows: list[dict[str, Any]] = []
    missing: list[str] = []
    ended = 0
    worker_kills = 0
    for number in range(_MOST_COMMANDS):
        killed = Kills(moments[0] if moments else None, every, chance)
        code, seconds = drive(folder / "killed", table, url, "killed", trials, killed)
        worker_kills += killed.workers
        after = dict(trainings(url, "killed"))
        missing += [key for key, value in before.items() if after.get(key) != value]
        before = after
        rows.append({"exit_code": code, "seconds": seconds, "finished_trainings": len(after)})
        print(msgspec.json.encode({"command": number + 1, **rows[-1]}).decode(), flush=True)
        if code == -signal.SIGKILL:
            moments = moments[1:]
        elif code == 0:
            break
        else:
            # A worker that was killed; the driver says so and ends.
            ended += 1
    else:
        raise SystemExit(f"the study had not ended after {_MOST_COMMANDS} commands")
    counts = Counter(key for key, _ in trainings(url, "killed"))
    states = Counter(trial.state.name for trial in trials_of(url, "killed"))
    whole, resumed = record(folder / "whole"), record(folder / "killed")
    return {
        "trials": given.trials,
        "kills": sum(row["exit_code"] == -signal.SIGKILL for row in rows),
        "worker_kills": worker_kills,
        "ended_by_worker_kills": ended,
        "trainings": total,
        "trials_in_storage": sum(states.values()),
        "states": dict(states),
        "lost_or_changed": missing,
        "doubled": [key for key, times in counts.items() if times > 1],
        "equal": decided(whole) == decided(resumed),
        "whole_seconds": whole_seconds,
        "killed_seconds": sum(row["seconds"] for row in rows),
        "rows": rows,
    }


def drive(out: Path, table: Path, url: str, study: str, trials: str, kills: Kills) -> tuple[int, float]:
    """Give the command and kill as told; its exit code and how long it ran."""
    started = time.perf_counter()
    words = [sys.executable, "-m", "attendnets", "explore", str(table), *OPTIONS, "--trials", trials]
    process = subprocess.Popen(
        [*words, "--storage", url, "--study", study, "--quiet", "--out", str(out)],
        stdout=subprocess.DEVNULL,
    )
    next_worker = time.perf_counter() + (kills.seconds or 0.0)
    while process.poll() is None:
        if kills.trainings is not None and len(trainings(url, study)) >= kills.trainings:
            time.sleep(kills.chance.uniform(0.0, 1.0))
            process.kill()
            break
        if kills.seconds is not None and time.perf_counter() >= next_worker:
            workers = workers_of(process.pid)
            if workers:
                os.kill(kills.chance.choice(workers), signal.SIGKILL)
                kills.workers += 1
            next_worker += kills.seconds
        time.sleep(_LOOK_SECONDS)
    return process.wait(), time.perf_counter() - started


def workers_of(driver: int) -> list[int]:
    """Processes that train candidates for ``driver``."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == driver and WORKER in (place / "cmdline").read_bytes():
                found.append(int(place.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return sorted(found)


def trials_of(url: str, study: str) -> list[optuna.trial.FrozenTrial]:
    """The study's trials; none before it has begun."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if study not in optuna.get_all_study_names(url):
        return []
    return optuna.load_study(study_name=study, storage=url).trials


def trainings(url: str, study: str) -> list[tuple[str, float]]:
    """Every finished training as "CANDIDATE rungNUMBER", with its seconds: one done again takes others."""
    return [
        (f"{trial.user_attrs['candidate']} {name}", value["seconds"])
        for trial in trials_of(url, study)
        for name, value in trial.user_attrs.items()
        if name.startswith("rung")
    ]


def record(out: Path) -> StudyRecord:
    """What the exploration in ``out`` came to."""
    return msgspec.json.decode((out / "study.json").read_bytes(), type=StudyRecord)


def decided(study: StudyRecord) -> tuple[str, list[tuple[str, int, float | None, float | None]]]:
    """The choice, and of every candidate what decided it."""
    return study.chosen, [
        (c.digest, c.rung, c.validation_top1_percent, c.validation_loss) for c in study.candidates
    ]


if __name__ == "__main__":
    main()
