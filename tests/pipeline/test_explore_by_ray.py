"""attendnets explore --workers ray: the trials of local processes, and no Ray is left however it ends."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from attendnets.exploration.record import StudyRecord
from benchmarks.soak import finished
from benchmarks.worker_soak import decided, descendants, outliving
from tests.pipeline.exploring import exploring
from tests.pipeline.photographs import write_photographs

pytest.importorskip("ray", reason="Ray is not installed: pip install 'attendnets[ray]'")
pytestmark = pytest.mark.slow
GRACE_SECONDS = 30.0


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photographs(tmp_path_factory.mktemp("photographs"), per_class=20, side=32)


@pytest.fixture(scope="module")
def expected(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    """What two processes of this machine decide."""
    out = tmp_path_factory.mktemp("processes") / "run"
    _, said = (process := exploring(photographs, out, "2")).communicate()
    assert process.returncode == 0, said
    return decided(out)


def test_ray_decides_as_local_processes_do_and_says_nothing_of_its_own(
    photographs: Path, expected: StudyRecord, tmp_path: Path
) -> None:
    process = exploring(photographs, tmp_path / "run", "ray")
    output, said = process.communicate()
    assert (process.returncode, said) == (0, "")
    assert {json.loads(line)["event"] for line in output.splitlines()} >= {"candidate", "result"}
    assert decided(tmp_path / "run") == expected


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_nothing_is_left_of_ray_and_the_command_goes_on(
    number: signal.Signals, photographs: Path, expected: StudyRecord, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    process = exploring(photographs, out, "2@ray")
    assert process.stdout is not None
    while json.loads(process.stdout.readline())["event"] != "candidate":
        assert process.poll() is None
    begun = descendants(process.pid)
    assert len(begun) > 3
    if number == signal.SIGINT:
        # As a terminal does: to all of the foreground.
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode == (130 if number == signal.SIGINT else -9)
    assert "Traceback" not in said
    assert outliving(begun, GRACE_SECONDS) == set()
    held = finished(out).trainings
    assert held
    _, said = (again := exploring(photographs, out, "2@ray")).communicate()
    assert again.returncode == 0, said
    trainings = finished(out).trainings
    assert len(set(trainings)) == len(trainings) and set(held) <= set(trainings)
    assert decided(out) == expected
