"""The command ``attendnets explore`` in a process of its own, on pictures and workers of a test's choice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def exploring(photographs: Path, out: Path, workers: str) -> subprocess.Popen[str]:
    """It has begun, in a session of its own: a few short trainings, told as JSON lines."""
    limits = ("--require", "weights<=40KB", "--require", "macs<=400K", "--minutes", "12", "--threads", "2")
    words = ("--trials", "4", "--workers", workers, "--json-lines", "--out", str(out))
    return subprocess.Popen(
        [sys.executable, "-m", "attendnets", "explore", str(photographs), *limits, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
