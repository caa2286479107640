"""The same small build twice: the same network, the same file to the bit, the same accuracy.

python -m benchmarks.repeatability
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import job
from benchmarks.record import write_record

KEPT = ("chosen", "top1_percent", "images", "float_top1_percent", "file_sha256", "candidates", "epochs")


def main() -> None:
    """Measure, and write results/repeatability.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", default="4")
    parser.add_argument("--epochs", default="4")
    parser.add_argument("--seed", default="0")
    given = parser.parse_args()
    counts = [
        "--trials",
        given.trials,
        "--epochs",
        given.epochs,
        "--seed",
        given.seed,
    ]
    options = ["elpv", "--require", "weights<=100KB", "--require", "macs<=3M", *counts]
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        for number in (1, 2):
            folder = Path(name) / f"run{number}"
            figures = job.figures(folder, job.build(options, folder))
            runs.append({key: figures[key] for key in KEPT})
    path = write_record(
        "repeatability",
        "same seed, same machine: same network, same file, same accuracy",
        {"runs": runs, "equal": runs[0] == runs[1]},
        commands=[
            f'attendnets build elpv --require "weights<=100KB" --require "macs<=3M" {" ".join(counts)}'
        ],
        seed=int(given.seed),
    )
    print(path.read_text())


if __name__ == "__main__":
    main()
