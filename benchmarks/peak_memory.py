"""Runs a command and says what memory it needed at most, whatever the process that asks has used itself.

    python -m benchmarks.peak_memory REPORT.json SECONDS COMMAND...

A child starts with its parent's peak in Linux' books. This module is a small parent for that reason.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Measured:
    """How a command ended. ``peak_bytes`` is the largest resident memory of any one of its processes.

    ``returncode`` is negative where a signal ended it, as after ``timed_out``.
    """

    returncode: int
    output: str
    errors: str
    seconds: float
    peak_bytes: int
    timed_out: bool


def measured(command: Sequence[str], timeout_seconds: float) -> Measured:
    """Run ``command`` in the project's folder, killed after ``timeout_seconds``."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        asked = [sys.executable, "-m", __name__, str(report), str(timeout_seconds), *command]
        done = subprocess.run(asked, capture_output=True, text=True, errors="replace", check=True, cwd=ROOT)
        return Measured(output=done.stdout, errors=done.stderr, **json.loads(report.read_text()))


def main() -> None:
    """Run the command of the arguments, its output passed on, and write the report."""
    report, seconds, *command = sys.argv[1:]
    started = time.perf_counter()
    process = subprocess.Popen(command)
    timer = threading.Timer(float(seconds), process.kill)
    timer.start()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    timed_out = not timer.is_alive()
    timer.cancel()
    figures = {
        "returncode": process.returncode,
        "seconds": time.perf_counter() - started,
        "peak_bytes": usage.ru_maxrss * 1024,
        "timed_out": timed_out,
    }
    Path(report).write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
