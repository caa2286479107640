"""Searches on NAS-Bench-201 for two objectives, accuracy and size: ours and those that people use.

python benchmarks/nas_bench_201_pareto.py --seeds 30 --write
python benchmarks/nas_bench_201_pareto.py --seeds 2 --sets cifar10 --methods generative_synthesis random

An evaluation is one of the table's trainings of a point, drawn at random, and its number of parameters.
What is compared is the hypervolume of all that a search has evaluated, each point by its mean accuracy over
all trainings, in percent of the hypervolume of the whole table. The reference point is the true front's
worst accuracy and its largest size: 84.66 % and 1.073 M parameters on CIFAR-10, 58.31 % and 1.294 M on
CIFAR-100, 30.43 % and 0.866 M on ImageNet16-120.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import optuna
import torch
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler

# Started as a file, Python looks for imports beside it; started with -m this changes nothing.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from attendnets.exploration.decision_levels import Reals
from attendnets.exploration.pareto import front
from attendnets.exploration.sampler import GenerativeSampler
from benchmarks.search_comparison import Comparison, Task, command
from benchmarks.searchers import suggested
from benchmarks.tabular import NAS_BENCH_201, TabularSpace, Trace, nas_bench_201

SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "generative_synthesis": lambda seed: GenerativeSampler(seed=seed),
    "random": lambda seed: RandomSampler(seed=seed),
    "tpe": lambda seed: TPESampler(seed=seed),
    "gp": lambda seed: GPSampler(seed=seed),
    "nsga2": lambda seed: NSGAIISampler(seed=seed),
}


def hypervolume(points: Reals, reference: Reals) -> float:
    """The area that ``points`` ``(N, 2)``, higher is better, dominate above ``reference`` ``(2,)``."""
    above = points[(points > reference).all(1)]
    above = above[np.argsort(-above[:, 0])]
    heights = np.maximum.accumulate(np.concatenate([reference[1:], above[:, 1]]))
    return float((above[:, 0] - reference[0]) @ np.diff(heights))


def merits(space: TabularSpace) -> Reals:
    """Mean accuracy in percent and minus the millions of parameters of every point, ``(N, 2)``."""
    return np.stack([space.means, -space.millions], axis=1)


def reference(space: TabularSpace) -> Reals:
    """The least accuracy and the largest size on the true front."""
    worst: Reals = merits(space)[front(merits(space))].min(0)
    return worst


def run(task: Task) -> list[float]:
    """Percent of the true front's hypervolume after each evaluation."""
    torch.set_num_threads(1)
    space = nas_bench_201(task.data)
    trace = Trace(space, task.evaluations, np.random.default_rng([task.seed, 201]))
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(
            directions=["maximize", "minimize"], sampler=SAMPLERS[task.method](task.seed)
        )
    for _ in range(task.evaluations):
        trial = study.ask()
        point = suggested(trial, space.decisions)
        study.tell(trial, [trace.evaluate(point), space.millions[space.row(point)]])
    found = merits(space)[[space.row(point) for point in trace.points]]
    worst = reference(space)
    whole = hypervolume(merits(space), worst)
    return [100.0 * hypervolume(found[: number + 1], worst) / whole for number in range(len(found))]


COMPARISON = Comparison(
    name="nas_bench_201_pareto",
    claim="generative synthesis finds the front of accuracy and size with fewer evaluations than the "
    "samplers people use",
    sets=NAS_BENCH_201,
    methods=tuple(SAMPLERS),
    run=run,
    optimum=lambda data, limit: 100.0,
    near=lambda data, limit: 99.0,
    near_name="within_one_percent",
    limits=False,
)

if __name__ == "__main__":
    command(COMPARISON, __doc__ or "")
