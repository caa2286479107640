"""Runs a command and says what memory it needed at most, whatever the process that asks has used itself.

    python -m benchmarks.peak_memory REPORT.json COMMAND...

A child starts with its parent's peak in Linux' books. This module is a small parent for that reason.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Measured:
    """How a command ended. ``peak_bytes`` is the largest resident memory of any one of its processes."""

    returncode: int
    output: str
    errors: str
    seconds: float
    peak_bytes: int


def measured(command: Sequence[str], timeout_seconds: float) -> Measured:
    """Run ``command``; raises :class:`subprocess.TimeoutExpired` where it does not end in time."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        asked = [sys.executable, "-m", __name__, str(report), *command]
        done = subprocess.run(
            asked,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            check=False,
            cwd=ROOT,
        )
        figures = json.loads(report.read_text())
    return Measured(done.returncode, done.stdout, done.stderr, figures["seconds"], figures["peak_bytes"])


def main() -> None:
    """Run the command of the arguments, its output passed on, and write the report."""
    report, *command = sys.argv[1:]
    started = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    figures = {"seconds": time.perf_counter() - started, "peak_bytes": usage.ru_maxrss * 1024}
    Path(report).write_text(json.dumps(figures))
    sys.exit(process.returncode if process.returncode >= 0 else 128 - process.returncode)


if __name__ == "__main__":
    main()
