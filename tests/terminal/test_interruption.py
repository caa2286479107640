"""Ctrl-C, a closed terminal, a polite kill, a reader that leaves: nothing is lost, and no traceback."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from tests.terminal.jobs import Recorded, command, environment


def exploring(recorded: Recorded, out: Path, trials: int) -> subprocess.Popen[str]:
    words = (
        "explore",
        str(recorded.photographs),
        "--trials",
        str(trials),
        "--threads",
        "1",
        "--out",
        str(out),
    )
    return subprocess.Popen(
        command(*words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_the_command_in_order(
    recorded: Recorded, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    job = exploring(recorded, tmp_path / "run", trials=500)
    assert job.stdout is not None
    while not job.stdout.readline().startswith("explore: candidate 0"):
        assert job.poll() is None
    job.send_signal(number)
    _, message = job.communicate(timeout=60)
    assert job.returncode == code
    assert "the same command goes on where it was" in message
    assert "Traceback" not in message
    assert (tmp_path / "run" / "study.journal").exists()


def test_a_reader_that_leaves_does_not_end_the_job(recorded: Recorded, tmp_path: Path) -> None:
    job = exploring(recorded, tmp_path / "run", trials=1)
    assert job.stdout is not None
    assert job.stderr is not None
    job.stdout.readline()
    job.stdout.close()
    message = job.stderr.read()
    assert job.wait() == 0
    assert message == "attendnets: the output cannot be written (Broken pipe); the job goes on without.\n"
    assert (tmp_path / "run" / "study.json").exists()
