"""How fast a data set is checked, and with how much memory: the whole command, a new process each time.

    python -m benchmarks.check_speed cifar10/test

The record speaks of cifar10's test split: 10,000 JPEG images of 32x32 pixels in ten class folders.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from benchmarks.peak_memory import measured
from benchmarks.record import write_record

_TIMEOUT_SECONDS = 1200


def check_figures(folder: Path, repeats: int) -> dict[str, Any]:
    """Check ``folder`` ``repeats`` times; the first may find its files not yet in the machine's memory.

    Raises RuntimeError where the command fails.
    """
    command = [sys.executable, "-m", "attendnets", "check", str(folder.resolve()), "--json"]
    runs = [measured(command, _TIMEOUT_SECONDS) for _ in range(repeats)]
    for run in runs:
        if run.returncode != 0:
            raise RuntimeError(f"attendnets check ended with {run.returncode}: {run.errors[-500:]}")
    report = json.loads(runs[0].output)
    seconds = [run.seconds for run in runs]
    found: dict[str, int] = {}
    for finding in report["findings"]:
        found[finding["kind"]] = found.get(finding["kind"], 0) + 1
    return {
        "images": report["images"],
        "sizes": report["sizes"],
        "file_bytes": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        "runs": repeats,
        "seconds_first": seconds[0],
        "seconds_median": statistics.median(seconds),
        "images_per_second": report["images"] / statistics.median(seconds),
        "peak_bytes": max(run.peak_bytes for run in runs),
        "findings": found,
    }


def main() -> None:
    """Measure, and write results/check_speed.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="a folder of class folders")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    path = write_record(
        "check_speed",
        "10,000 small images are checked, near duplicates included, by a command that needs little memory",
        check_figures(arguments.folder, arguments.repeats),
        commands=["python -m benchmarks.check_speed cifar10/test"],
        seed=0,
    )
    print(path.read_text())


if __name__ == "__main__":
    main()
