"""Kill -9 of a random worker every 20 seconds of an exploration, and of the exploration itself three times.

    python -m benchmarks.worker_soak                 # processes of this machine, 10 minutes
    python -m benchmarks.worker_soak --workers 2@ray

One small exploration after the other is disturbed until the minutes are over; the one that is killed is begun
again by the same command. Judged of each: no training that the journal held was lost or done twice, and the
record equals that of an exploration that nobody disturbed, but for seconds. A second after each kill of an
exploration nothing that it had started may be left.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.soak import write_table

OPTIONS = ("--require", "weights<=60KB", "--require", "macs<=1M", "--minutes", "12", "--trials", "24")
EVERY_SECONDS = 20.0
DRIVER_KILLS = 3
GRACE_SECONDS = 10.0


@dataclass
class Soak:
    """What was seen of the explorations of one way to work.

    ``lost`` and ``doubled`` count trainings that the journal held; ``left``: processes that outlived the
    exploration that had started them; ``noted``: deaths of workers that the explorations told of.
    """

    explorations: int = 0
    equal: int = 0
    workers_killed: int = 0
    explorations_killed: int = 0
    trainings: int = 0
    failed: int = 0
    lost: int = 0
    doubled: int = 0
    left: int = 0
    noted: int = 0
    seconds: list[float] = field(default_factory=list)


def main() -> None:
    """Measure, and write results/worker_soak.json or add the way to work that was measured to it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--workers", default="2")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = write_table(folder / "cells.csv")
        started = time.perf_counter()
        end(begin(table, folder / "whole", given.workers))
        whole_seconds = time.perf_counter() - started
        print(f"undisturbed: {whole_seconds:.1f} s", flush=True)
        soak = disturbed(given, table, folder, decided(folder / "whole"))
    print(soak, flush=True)
