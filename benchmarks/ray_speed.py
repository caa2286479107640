"""Two workers against one, of Ray on this machine and of our own processes, on the same trainings.

python -m benchmarks.ray_speed

A fixed set of candidates is trained on one thread each, in turns by two workers and by one. Starting Ray and
the processes, decoding and each worker's first training are not what is compared.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from attendnets.data import Augmentation, DataSet, open_data_set
from attendnets.exploration.duration import expected_duration
from attendnets.exploration.evaluation import Workers
from attendnets.exploration.ray_session import ray_session
from attendnets.exploration.ray_workers import RayWorkers
from attendnets.exploration.workers import worker_processes
from attendnets.pipeline.learning_stages import design
from attendnets.run import Job
from attendnets.spec import NetworkSpec
from attendnets.training import Recipe
from benchmarks.record import write_record

JOB = Job("elpv", ("weights<=100KB", "arena<=256KB", "file<=100KB"), minutes=12.0, threads=2)
SEED = 0
SEVERAL = 2


def candidates(data: DataSet, count: int) -> list[NetworkSpec]:
    """Random networks that the requirements let pass, of one image size; those that take longest first.

    So that two workers end at nearly the same time, as over the hundreds of trainings of a real study.
    """
    space, screen = design(data, JOB)
    chance = random.Random(SEED)
    found: list[NetworkSpec] = []
    while len(found) < count:
        network = space.network(space.draw(chance))
        if screen(network) and (not found or network.input == found[0].input):
            found.append(network)
    return sorted(found, key=lambda network: expected_duration(network, 1), reverse=True)


def seconds(workers: Workers, networks: list[NetworkSpec], epochs: int) -> float:
    """Of training all ``networks`` once."""
    started = time.perf_counter()
    for future in [workers.submit(network, epochs) for network in networks]:
        future.result()
    return time.perf_counter() - started


def rounds(
    several: Workers, one: Workers, networks: list[NetworkSpec], epochs: int, count: int
) -> list[dict[str, float]]:
    """Both in turns, ``count`` times."""
    for workers in (several, one):
        seconds(workers, networks[:1] * workers.count * 2, 1)
    found = []
    for _ in range(count):
        shared, alone = seconds(several, networks, epochs), seconds(one, networks, epochs)
        found.append({"several_seconds": shared, "one_seconds": alone, "ratio": alone / shared})
        print(found[-1], flush=True)
    return found


def ratio(measured: list[dict[str, float]]) -> dict[str, float]:
    """Median and range."""
    ratios = [each["ratio"] for each in measured]
    return {"median": statistics.median(ratios), "lowest": min(ratios), "highest": max(ratios)}


def main() -> None:
    """Measure, and write results/ray_speed.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    data = open_data_set("elpv")
    networks = candidates(data, given.trials)
    recipe = Recipe.for_images(len(data.learning.train), data.learning.orientation_free)
    measured: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        shared = (data.learning, Path(name), recipe, Augmentation.orientation_free(), SEED)
        with ray_session(None, SEVERAL) as ray:
            several, one = RayWorkers(ray, SEVERAL, *shared), RayWorkers(ray, 1, *shared)
            measured["ray"] = rounds(several, one, networks, given.epochs, given.rounds)
            several.close()
            one.close()
        with worker_processes(SEVERAL, *shared) as processes, worker_processes(1, *shared) as process:
            measured["processes"] = rounds(processes, process, networks, given.epochs, given.rounds)
    path = write_record(
        "ray_speed",
        "two workers train a fixed set of candidates nearly twice as fast as one, by Ray and by processes",
        _figures(given, data, measured),
        commands=[
            f"python -m benchmarks.ray_speed --trials {given.trials} --epochs {given.epochs} "
            f"--rounds {given.rounds}"
        ],
        seed=SEED,
    )
    print(path)


def _figures(
    given: argparse.Namespace, data: DataSet, measured: Mapping[str, list[dict[str, float]]]
) -> dict[str, object]:
    return {
        "candidates": given.trials,
        "epochs": given.epochs,
        "images": len(data.learning.train),
        "workers": SEVERAL,
        "ratios": {kind: ratio(each) for kind, each in measured.items()},
        "rounds": measured,
    }


if __name__ == "__main__":
    main()
