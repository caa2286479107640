"""`make demo`'s job, timed in an empty folder.

python -m benchmarks.demo               # the job alone, with what is installed
python -m benchmarks.demo --fresh       # and `make demo` in a new clone, installation included
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import job
from benchmarks.record import ROOT, write_record

ARGUMENTS = (
    "elpv",
    *("--require", "top1>=75"),
    *("--require", "weights<=100KB"),
    *("--require", "arena<=256KB"),
    *("--require", "file<=100KB"),
)


def fresh_clone(clone: Path, minutes: str) -> dict[str, Any]:
    """Clone the commit that is checked out, ``make demo`` there; the run's figures and seconds installing."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    started = time.perf_counter()
    subprocess.run(["make", ".venv/.demo"], cwd=clone, check=True)
    installed = time.perf_counter()
    made = subprocess.run(["make", "demo", f"MINUTES={minutes}"], cwd=clone, check=False)
    figures = job.figures(clone / "runs" / "demo", time.perf_counter() - installed)
    return {**figures, "make_exit_code": made.returncode, "install_seconds": installed - started}


def main() -> None:
    """Measure, and write results/demo.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", default="12")
    parser.add_argument("--fresh", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "demo"
        if arguments.fresh:
            figures = fresh_clone(folder, arguments.minutes)
        else:
            figures = job.figures(folder, job.build([*ARGUMENTS, "--minutes", arguments.minutes], folder))
        path = write_record(
            "demo",
            "make demo meets its requirements on the test split within 25 minutes on two cores",
            figures,
            commands=["make demo", "python -m benchmarks.demo" + (" --fresh" if arguments.fresh else "")],
            seed=0,
            measured=folder if arguments.fresh else ROOT,
        )
    print(path.read_text())


if __name__ == "__main__":
    main()
