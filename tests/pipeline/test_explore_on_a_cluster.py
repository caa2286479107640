"""attendnets explore on a Ray cluster that is running: from within and from outside; it may shrink."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from attendnets.exploration.death import ATTEMPTS
from attendnets.exploration.record import StudyRecord
from benchmarks.worker_soak import command, decided, descendants
from tests.pipeline.exploring import exploring
from tests.pipeline.photographs import write_photographs

pytest.importorskip("ray", reason="Ray is not installed: pip install 'attendnets[ray]'")
pytestmark = pytest.mark.slow
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "disabled",
    "RAY_worker_niceness": "0",
    "RAY_health_check_failure_threshold": "2",
    "RAY_health_check_period_ms": "500",
    "RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S": "120",
}
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Cluster:
    """A head that trains nothing and ``machines`` of one CPU each, all on this machine."""

    port: int
    client_port: int
    machines: tuple[subprocess.Popen[bytes], ...]


@pytest.fixture(scope="module", autouse=True)
def _environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photographs(tmp_path_factory.mktemp("photographs"), per_class=150, side=32)


@pytest.fixture(scope="module")
def expected(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    """What two processes of this machine decide."""
    out = tmp_path_factory.mktemp("processes") / "run"
    _, said = (process := exploring(photographs, out, "2")).communicate()
    assert process.returncode == 0, said
    return decided(out)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    # Short, for the sockets in it have a longest name.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, ExitStack() as stack:
        port, client_port = free_port(), free_port()
        head = ("--head", f"--port={port}", f"--ray-client-server-port={client_port}", f"--temp-dir={folder}")
        stack.enter_context(machine(*head, "--include-dashboard=false", "--num-cpus=0"))
        machines = [
            stack.enter_context(machine(f"--address={HOST}:{port}", "--num-cpus=1")) for _ in range(2)
        ]
        yield Cluster(port, client_port, tuple(machines))


@contextmanager
def machine(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Ray that counts as a machine of its own, in the foreground of a process group."""
    ray = Path(sys.executable).parent / "ray"
    process = subprocess.Popen(
        [ray, "start", f"--node-ip-address={HOST}", "--block", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60.0
        while not any(b"raylet/raylet" in command(child) for child in descendants(process.pid)):
            assert process.poll() is None and time.monotonic() < deadline, "the machine did not start"
            time.sleep(0.1)
        yield process
    finally:
        lose(process)


def lose(process: subprocess.Popen[bytes]) -> None:
    """The machine without a goodbye: all its processes at once."""
    for each in {process.pid, *descendants(process.pid)}:
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()


def free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


@pytest.mark.parametrize("way", ["within", "outside"])
def test_a_cluster_decides_as_local_processes_do(
    way: str, cluster: Cluster, photographs: Path, expected: StudyRecord, tmp_path: Path
) -> None:
    address = f"ray:{HOST}:{cluster.port}" if way == "within" else f"ray://{HOST}:{cluster.client_port}"
    _, said = (process := exploring(photographs, tmp_path / "run", f"2@{address}")).communicate()
    assert (process.returncode, said) == (0, ""), said
    assert decided(tmp_path / "run") == expected
    # It stays as it was: the next exploration finds it.
    assert all(machine.poll() is None for machine in cluster.machines)


def test_a_training_that_is_lost_with_its_machine_again_and_again_is_done_in_the_end(
    cluster: Cluster, photographs: Path, tmp_path: Path
) -> None:
    _, said = (alone := exploring(photographs, tmp_path / "alone", "1")).communicate()
    assert alone.returncode == 0, said
    # One training at a time, so that it is the same one that loses a machine each time.
    process = exploring(photographs, tmp_path / "run", f"1@ray:{HOST}:{cluster.port}")
    with ExitStack() as stack:
        machines = [*cluster.machines]
        for _ in range(ATTEMPTS + 1):
            lose(training := working(machines, process))
            machines.remove(training)
            another = machine(f"--address={HOST}:{cluster.port}", "--num-cpus=1")
            machines.append(stack.enter_context(another))
        output, said = process.communicate()
    assert process.returncode == 0, said
    assert output.count("lost with its machine") >= ATTEMPTS + 1
    assert decided(tmp_path / "run") == decided(tmp_path / "alone")


def working(
    machines: Sequence[subprocess.Popen[bytes]], exploration: subprocess.Popen[str]
) -> subprocess.Popen[bytes]:
    """The machine that a training has begun on."""
    while True:
        assert exploration.poll() is None
        for each in machines:
            if any(command(child).startswith(b"ray::_train") for child in descendants(each.pid)):
                return each
        time.sleep(0.02)
