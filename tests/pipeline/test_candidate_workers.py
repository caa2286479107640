"""What --workers means, and what it cannot mean."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from attendnets.errors import UsageError
from attendnets.pipeline.candidate_workers import WorkerPlan, worker_plan
from attendnets.pipeline.commands import repeat_command
from attendnets.run import Job


def job(workers: str | None = None, cpus: int = 1, gpus: float = 0.0, **changes: object) -> Job:
    values = {"threads": 4, "workers": workers, "worker_cpus": cpus, "worker_gpus": gpus} | changes
    return Job("photos", **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "plan"),
    [
        (job(), WorkerPlan("processes", 4, 1)),
        (job(minutes=1.0), WorkerPlan("here", 1, 1)),
        (job("1"), WorkerPlan("processes", 1, 1)),
        (job("12", 2), WorkerPlan("processes", 12, 2)),
        (job("ray"), WorkerPlan("ray", 4, 1)),
        (job("ray", 2), WorkerPlan("ray", 2, 2)),
        (job("ray", 9), WorkerPlan("ray", 1, 9)),
        (job("ray", threads=64), WorkerPlan("ray", 8, 1)),
        (job("20@ray", gpus=0.5), WorkerPlan("ray", 20, 1, 0.5)),
        (job("ray://head:10001"), WorkerPlan("ray", 4, 1, 0.0, "ray://head:10001")),
        (job("16@ray://head:10001"), WorkerPlan("ray", 16, 1, 0.0, "ray://head:10001")),
        (job("ray:head:6379"), WorkerPlan("ray", 4, 1, 0.0, "head:6379")),
        (job("ray:auto"), WorkerPlan("ray", 4, 1, 0.0, "auto")),
    ],
    ids=lambda value: repr(getattr(value, "workers", "")),
)
def test_workers_are_what_the_job_says(given: Job, plan: WorkerPlan) -> None:
    assert worker_plan(given) == plan


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (job(""), "--workers : give a number, ray, ray://HOST:PORT or ray:ADDRESS"),
        (job("many"), "--workers many: give a number"),
        (job("-1"), "--workers -1: give a number"),
        (job("2.5"), "--workers 2.5: give a number"),
        (job("ray:"), "--workers ray:: give a number"),
        (job("4@"), "--workers 4@: give a number"),
        (job("4@dask"), "--workers 4@dask: give a number"),
        (job("0"), "--workers 0: give at least 1"),
        (job("0@ray"), "--workers 0@ray: give at least 1"),
        (job("2", cpus=0), "--worker-cpus 0: give at least 1"),
        (job("ray", gpus=-1.0), "--worker-gpus -1: give 0 or more"),
        (job("ray", gpus=float("nan")), "--worker-gpus nan: give 0 or more"),
        (job("2", gpus=1.0), "--worker-gpus is for workers of Ray"),
        (job(cpus=2), "--worker-cpus and --worker-gpus are for --workers"),
    ],
    ids=lambda value: repr(getattr(value, "workers", "")),
)
def test_what_is_no_worker_is_refused_by_name(given: Job, message: str) -> None:
    with pytest.raises(UsageError, match=f"^{message}"):
        worker_plan(given)


def test_the_command_that_repeats_a_run_names_its_workers() -> None:
    words = repeat_command(job("2@ray", 2, 0.5), Path("runs/x"))
    assert "--workers 2@ray --worker-cpus 2 --worker-gpus 0.5 --seed 0" in words
    assert "--worker" not in repeat_command(job(), Path("runs/x"))


def test_without_ray_the_command_that_installs_it_is_named() -> None:
    code = (
        "import sys; sys.modules['ray'] = None\n"
        "from attendnets.exploration.ray_session import ray_session\n"
        "with ray_session(None, 1): pass"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "UsageError: --workers ray needs Ray, which is not installed: pip install 'attendnets[ray]'" in (
        done.stderr
    )
