"""Kill -9 of a random worker every 20 seconds of an exploration, and of the exploration itself three times.

    python -m benchmarks.worker_soak          # processes, Ray of this machine, PostgreSQL: 10 minutes each

With PostgreSQL, processes work on studies in a server that is started for it (Debian's package).

One small exploration after the other is disturbed until the minutes are over; one that is killed is begun
again by the same command. Judged of each: no training that the study held was lost, changed or done twice,
and the record equals that of an exploration that nobody disturbed, but for seconds. Of what an exploration
had started nothing may be left some seconds after it was killed.
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
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from attendnets.exploration.record import StudyRecord
from benchmarks.postgresql_server import postgresql_server, programs
from benchmarks.record import read_record, write_record
from benchmarks.soak import finished, write_table
from benchmarks.study_soak import trainings

OPTIONS = ("--require", "weights<=60KB", "--require", "macs<=400K", "--minutes", "12")
EVERY_SECONDS = 20.0
DRIVER_KILLS = 3
GRACE_SECONDS = 15.0
Words: TypeAlias = tuple[str, ...]
WAYS = {"processes": "2", "ray": "2@ray", "postgresql": "2"}


@dataclass(frozen=True)
class Way:
    """A way to work: ``words`` of every exploration, and the database, where one keeps the studies."""

    words: Words
    url: str | None = None

    def of(self, out: Path) -> Words:
        """The words of the exploration in ``out``."""
        return self.words if self.url is None else (*self.words, "--storage", self.url, "--study", out.name)

    def trainings(self, out: Path) -> list[tuple[str, float]]:
        """Every training that the study of ``out`` holds, with its seconds in a database.

        A journal keeps all that was ever written; in a database one that is done again takes other seconds.
        """
        if self.url is not None:
            return trainings(self.url, out.name)
        return [(name, 0.0) for name in finished(out).trainings]


@dataclass
class Soak:
    """What was seen of the explorations of one way to work.

    ``doubled`` and ``lost``, or changed: trainings that the study held. ``left``: processes that outlived
    the exploration that had started them. ``failed``: candidates of all explorations.
    """

    explorations: int = 0
    equal: int = 0
    workers_killed: int = 0
    explorations_killed: int = 0
    trainings: int = 0
    doubled: int = 0
    lost: int = 0
    failed: int = 0
    left: int = 0
    undisturbed_seconds: float = 0.0
    seconds: float = 0.0


class Disturber:
    """Says when the next worker and the next exploration are to be killed; ``minutes`` from its making on."""

    def __init__(self, minutes: float, every_seconds: float, kills: int, chance: random.Random) -> None:
        self.begun = time.perf_counter()
        self.whole = 60.0 * minutes
        self.every = every_seconds
        self.chance = chance
        self.next_worker = every_seconds
        self.explorations = sorted(chance.uniform(0.1, 0.9) * self.whole for _ in range(kills))

    @property
    def seconds(self) -> float:
        """Since it was made."""
        return time.perf_counter() - self.begun

    def worker_is_due(self) -> bool:
        """Once every so many seconds."""
        due = self.seconds >= self.next_worker
        if due:
            self.next_worker = self.seconds + self.every
        return due

    def exploration_is_due(self) -> bool:
        """As often as was asked for."""
        due = bool(self.explorations) and self.seconds >= self.explorations[0]
        if due:
            self.explorations.pop(0)
        return due


def main() -> None:
    """Measure, and write results/worker_soak.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--trials", type=int, default=24, help="candidates of each exploration")
    parser.add_argument("--every", type=float, default=EVERY_SECONDS, help="seconds between workers")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep-others", action="store_true", help="other ways stay in the record")
    given = parser.parse_args()
    if "postgresql" in given.ways and programs() is None:
        parser.error("postgresql: it is not installed here: apt-get install postgresql, or name other --ways")
    soaks: dict[str, Soak] = {}
    # Otherwise a server would outlive this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory() as name:
        table = write_table(Path(name) / "cells.csv")
        for way in given.ways:
            chance = random.Random(f"{way}/{given.seed}")
            disturber_of = (given.minutes, given.every, DRIVER_KILLS, chance)
            words = ("--trials", str(given.trials), "--workers", WAYS[way])
            with postgresql_server() if way == "postgresql" else nullcontext() as server:
                url = None if server is None else server.url()
                soaks[way] = soaked(table, Path(name) / way, Way(words, url), disturber_of)
            print(way, msgspec.json.encode(soaks[way]).decode(), flush=True)
    figures: dict[str, Any] = {
        "minutes": given.minutes,
        "trials": given.trials,
        "every_seconds": given.every,
        "ways": {way: asdict(soak) for way, soak in soaks.items()},
    }
    commands = [
        f"python -m benchmarks.worker_soak --minutes {given.minutes:g} --trials {given.trials} "
        f"--every {given.every:g} --ways {' '.join(given.ways)}" + " --keep-others" * given.keep_others
    ]
    if given.keep_others:
        record = read_record("worker_soak")
        if record is None or any(record.figures[key] != figures[key] for key in figures if key != "ways"):
            parser.error("--keep-others: results/worker_soak.json has no soaks of this kind")
        figures["ways"] = {**record.figures["ways"], **figures["ways"]}
        commands = [*record.commands, *commands]
    path = write_record(
        "worker_soak",
        "an exploration decides as one that is left alone though it and its workers are killed",
        figures,
        commands=commands,
        seed=given.seed,
    )
    print(path)


def soaked(
    table: Path, folder: Path, way: Way, disturber_of: tuple[float, float, int, random.Random]
) -> Soak:
    """Explorations of ``way`` in ``folder``, the first one left alone."""
    soak = Soak()
    started = time.perf_counter()
    ended(begun(table, folder / "whole", way))
    soak.undisturbed_seconds = time.perf_counter() - started
    expected = decided(folder / "whole")
    disturber = Disturber(*disturber_of)
    while disturber.seconds < disturber.whole:
        out = folder / f"run{soak.explorations}"
        disturb(table, out, way, disturber, soak)
        after = Counter(name for name, _ in way.trainings(out))
        record = decided(out)
        soak.explorations += 1
        soak.equal += record == expected
        soak.trainings += len(after)
        soak.doubled += sum(times - 1 for times in after.values())
        soak.failed += sum(candidate.state == "failed" for candidate in record.candidates)
        print(f"{disturber.seconds:.0f} s", msgspec.json.encode(soak).decode(), flush=True)
    soak.seconds = disturber.seconds
    return soak


def disturb(table: Path, out: Path, way: Way, disturber: Disturber, soak: Soak) -> None:
    """One exploration to its end, begun again as often as it is killed."""
    held: set[tuple[str, float]] = set()
    while not survives(process := begun(table, out, way), disturber, soak):
        started = descendants(process.pid)
        process.kill()
        process.communicate()
        soak.explorations_killed += 1
        soak.left += len(outliving(started, GRACE_SECONDS))
        held |= set(way.trainings(out))
    ended(process)
    soak.lost += len(held - set(way.trainings(out)))


def survives(exploration: subprocess.Popen[str], disturber: Disturber, soak: Soak) -> bool:
    """Kill its workers until it ends; False when it is to be killed itself."""
    while exploration.poll() is None:
        if disturber.exploration_is_due():
            return False
        if disturber.worker_is_due():
            soak.workers_killed += kill_a_worker(exploration.pid, disturber.chance)
        time.sleep(0.1)
    return True


def begun(table: Path, out: Path, way: Way) -> subprocess.Popen[str]:
    """The exploration, as a user gives it."""
    words = ("explore", str(table), *OPTIONS, *way.of(out), "--quiet", "--out", str(out))
    return subprocess.Popen(
        [sys.executable, "-m", "attendnets", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> None:
    """Wait for its end. Raises SystemExit where it fails."""
    _, said = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"the exploration ended with {process.returncode}: {said}")


def decided(out: Path) -> StudyRecord:
    """The record of an exploration without its seconds."""
    record = msgspec.json.decode((out / "study.json").read_bytes(), type=StudyRecord)
    return replace(record, seconds=0.0, candidates=tuple(replace(c, seconds=0.0) for c in record.candidates))


def kill_a_worker(exploration: int, chance: random.Random) -> int:
    """Kill one of the processes that train for ``exploration``; 0 where there is none."""
    workers = [
        process
        for process in sorted(descendants(exploration))
        if (said := command(process)).startswith(b"ray::_train") or b"attendnets.exploration.worker" in said
    ]
    if not workers:
        return 0
    try:
        os.kill(chance.choice(workers), signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return 1


def descendants(process: int) -> set[int]:
    """Processes that ``process`` has begun, and they, and so on."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                # The name, in parentheses, may hold anything.
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, waiting = set[int](), [process]
    while waiting:
        begun_by = children.get(waiting.pop(), [])
        found.update(begun_by)
        waiting += begun_by
    return found


def outliving(processes: set[int], seconds: float) -> set[int]:
    """Those of ``processes`` that are still there after ``seconds``; asked until none is."""
    deadline = time.monotonic() + seconds
    while (left := {process for process in processes if command(process)}) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def command(process: int) -> bytes:
    """Its command line, empty for one that has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


if __name__ == "__main__":
    main()
