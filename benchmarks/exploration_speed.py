"""Trials of the exploration a minute: several processes of one thread against one process with two threads.

python -m benchmarks.exploration_speed

The same candidates, the demo's prototypes and random points of its space, are trained for as many epochs in
both ways, in turns.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path

import torch

from attendnets.data import Augmentation, DataSet, PixelCache, open_data_set
from attendnets.exploration.evaluation import InProcess, Workers
from attendnets.exploration.prototypes import prototypes
from attendnets.exploration.short_training import ShortTrainer
from attendnets.exploration.workers import worker_processes
from attendnets.pipeline.learning_stages import design
from attendnets.run import Job
from attendnets.spec import NetworkSpec
from attendnets.training import Recipe
from benchmarks.record import write_record

JOB = Job("elpv", ("weights<=100KB", "arena<=256KB", "file<=100KB"), minutes=12.0, threads=2)
RANDOM = 4
SEED = 0


def candidates(data: DataSet) -> list[NetworkSpec]:
    """The prototypes and a few random networks that the requirements let pass, of one image size."""
    space, screen = design(data, JOB)
    found = [space.network(point) for point in prototypes(space, screen)]
    chance = random.Random(SEED)
    while len(found) < RANDOM + 4:
        network = space.network(space.draw(chance))
        if network.input == found[0].input and screen(network):
            found.append(network)
    return found


def trials_per_minute(workers: Workers, networks: list[NetworkSpec], epochs: int) -> float:
    """All ``networks`` trained once."""
    started = time.perf_counter()
    futures = [workers.submit(network, epochs) for network in networks]
    for future in futures:
        future.result()
    return 60.0 * len(networks) / (time.perf_counter() - started)


def main() -> None:
    """Measure, and write results/exploration_speed.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    data = open_data_set("elpv")
    networks = candidates(data)
    recipe = Recipe.for_images(len(data.learning.train), data.learning.orientation_free)
    augmentation = Augmentation.orientation_free()
    torch.set_num_threads(JOB.threads)
    rates: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as name:
        cache = Path(name)
        here = InProcess(ShortTrainer(data.learning, PixelCache(cache, 0), recipe, augmentation, SEED))
        with worker_processes(JOB.threads, data.learning, cache, recipe, augmentation, SEED) as workers:
            # Decoding and the processes' start are not what is compared.
            trials_per_minute(workers, networks[:2], 1)
            for _ in range(given.rounds):
                several = trials_per_minute(workers, networks, given.epochs)
                rates.append((several, trials_per_minute(here, networks, given.epochs)))
                print(rates[-1], flush=True)
    path = write_record(
        "exploration_speed",
        "candidates a minute, trained by two processes of one thread and by one process with two threads",
        {
            "candidates": len(networks),
            "epochs": given.epochs,
            "images": len(data.learning.train),
            "workers": JOB.threads,
            "trials_per_minute": statistics.median(several for several, _ in rates),
            "one_process_trials_per_minute": statistics.median(one for _, one in rates),
            "ratio": statistics.median(several / one for several, one in rates),
            "rounds": rates,
        },
        commands=[f"python -m benchmarks.exploration_speed --epochs {given.epochs} --rounds {given.rounds}"],
        seed=SEED,
    )
    print(path)


if __name__ == "__main__":
    main()
