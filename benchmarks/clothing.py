"""Ten kinds of clothes in 250 KB: colour photographs that the demo's choices were not made on.

    python -m benchmarks.clothing PATH/TO/clothing

The folder has the official split: https://github.com/alexeygrigorev/clothing-dataset-small
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import job
from benchmarks.record import write_record


def main() -> None:
    """Measure, and write results/clothing.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", help="train/, validation/ and test/ with a folder a class")
    parser.add_argument("--minutes", default="30")
    arguments = parser.parse_args()
    options = ["--require", "weights<=250KB", "--minutes", arguments.minutes]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        figures = job.figures(folder, job.build([arguments.folder, *options], folder))
    path = write_record(
        "clothing",
        "what half an hour reaches on photographs that no default was chosen on",
        figures,
        commands=[f'attendnets build clothing/ --require "weights<=250KB" --minutes {arguments.minutes}'],
        seed=0,
    )
    print(path.read_text())


if __name__ == "__main__":
    main()
