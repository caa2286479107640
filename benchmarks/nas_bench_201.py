"""Searches on NAS-Bench-201: ours and those that people use, on the same noisy table.

python benchmarks/nas_bench_201.py --evaluations 300 --seeds 30 --write     # the record, half an hour
python benchmarks/nas_bench_201.py --seeds 2 --sets cifar10 --methods generative_synthesis random --json

An evaluation is one of the table's trainings of a point, drawn at random. Accuracy and regret are of the
point that a search would return at that moment, by its mean over all trainings, on the validation split.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

# Started as a file, Python looks for imports beside it; started with -m this changes nothing.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bananas import bananas_like
from benchmarks.record import write_record
from benchmarks.searchers import SEARCHERS, Searcher
from benchmarks.tabular import NAS_BENCH_201, BudgetSpentError, Trace, nas_bench_201

METHODS: dict[str, Searcher] = {**SEARCHERS, "bananas_like": bananas_like}
MOMENTS = (50, 100, 150, 200, 300)
NEAR = 0.5
"""Points of accuracy below the optimum that count as having come near."""


@dataclass(frozen=True)
class Task:
    """One search: a set, a method and a seed."""

    data: str
    method: str
    seed: int
    evaluations: int
    limit: float | None


def searched(task: Task) -> list[float]:
    """Mean accuracy in percent of what the search would return after each evaluation."""
    torch.set_num_threads(1)
    space = nas_bench_201(task.data, task.limit)
    trace = Trace(space, task.evaluations, np.random.default_rng([task.seed, 201]))
    try:
        METHODS[task.method](trace, task.seed)
    except BudgetSpentError:
        return trace.returned
    raise AssertionError("a search ends with its budget")


def figures_of(runs: Sequence[Sequence[float]], optimum: float) -> dict[str, Any]:
    """What the searches of one method on one set come to; ``half_width`` is 1.96 standard errors."""
    accuracies = np.array(runs)
    evaluations = accuracies.shape[1]
    near = accuracies >= optimum - NEAR
    arrived = np.where(near.any(1), near.argmax(1) + 1, evaluations + 1)
    moments = [moment for moment in MOMENTS if moment <= evaluations]
    spread = accuracies.std(0, ddof=1) if len(runs) > 1 else np.zeros(evaluations)
    return {
        "mean": {str(m): float(accuracies[:, m - 1].mean()) for m in moments},
        "half_width": {str(m): float(1.96 * spread[m - 1] / len(runs) ** 0.5) for m in moments},
        "regret": {str(m): float(optimum - accuracies[:, m - 1].mean()) for m in moments},
        "evaluations_to_within_half_a_point": {
            "mean": float(arrived.mean()),
            "median": float(np.median(arrived)),
            "arrived": int(near.any(1).sum()),
        },
    }


def compared(
    sets: Sequence[str],
    methods: Sequence[str],
    seeds: Sequence[int],
    evaluations: int,
    limit: float | None,
    processes: int,
) -> dict[str, Any]:
    """The table: for each set its optimum and, for each method, its figures."""
    tasks = [
        Task(data, method, seed, evaluations, limit) for method in methods for data in sets for seed in seeds
    ]
    runs: dict[tuple[str, str], list[list[float]]] = {}
    started = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for done, (task, run) in enumerate(zip(tasks, pool.imap(searched, tasks), strict=True), 1):
            runs.setdefault((task.data, task.method), []).append(run)
            if sys.stderr.isatty():
                left = (time.perf_counter() - started) / done * (len(tasks) - done)
                print(f"\r{done} of {len(tasks)} searches, about {left:.0f} s left ", end="", file=sys.stderr)
    optima = {data: nas_bench_201(data, limit).optimum for data in sets}
    return {
        data: {
            "optimum": optima[data],
            "methods": {method: figures_of(runs[data, method], optima[data]) for method in methods},
        }
        for data in sets
    }


def main() -> None:
    """Search, and print the table; with --write, also results/nas_bench_201.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--evaluations", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--sets", nargs="+", choices=NAS_BENCH_201, default=NAS_BENCH_201)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--limit", type=float, help="most parameters, in millions: a constrained search")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    parser.add_argument("--write", action="store_true", help="write the record")
    given = parser.parse_args()
    if given.write and given.limit is not None:
        parser.error("--write keeps the record of the whole space; leave --limit out")
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    started = time.perf_counter()
    table = compared(given.sets, given.methods, seeds, given.evaluations, given.limit, given.processes)
    figures = {
        "sets": table,
        "seeds": given.seeds,
        "first_seed": given.first_seed,
        "evaluations": given.evaluations,
        "limit_millions": given.limit,
        "seconds": time.perf_counter() - started,
    }
    if given.json:
        print(json.dumps(figures))
    else:
        for data, part in table.items():
            print(f"{data}: optimum {part['optimum']:.2f}")
            for method, own in part["methods"].items():
                means = "  ".join(
                    f"{m}: {own['mean'][m]:.2f} ±{own['half_width'][m]:.2f}" for m in own["mean"]
                )
                near = own["evaluations_to_within_half_a_point"]
                print(f"  {method:22} {means}  near after {near['mean']:.0f} (median {near['median']:.0f})")
    if given.write:
        write_record(
            "nas_bench_201",
            "generative synthesis finds better networks with fewer evaluations than the samplers people use",
            figures,
            commands=["python benchmarks/nas_bench_201.py " + " ".join(sys.argv[1:])],
            seed=given.first_seed,
        )


if __name__ == "__main__":
    main()
