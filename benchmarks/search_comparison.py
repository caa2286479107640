"""Searches of tabular spaces side by side: the command that the comparisons share, and their figures.

An evaluation is one of the table's trainings of a point, drawn at random.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from benchmarks.bananas import bananas_like
from benchmarks.record import write_record
from benchmarks.searchers import SEARCHERS, Searcher
from benchmarks.tabular import BudgetSpentError, TabularSpace, Trace

METHODS: dict[str, Searcher] = {**SEARCHERS, "bananas_like": bananas_like}
MOMENTS = (50, 100, 150, 200, 300)


@dataclass(frozen=True)
class Task:
    """One search: a set, a method and a seed."""

    data: str
    method: str
    seed: int
    evaluations: int
    limit: float | None


@dataclass(frozen=True)
class Comparison:
    """What is compared.

    ``run`` gives a search's figure after each evaluation; ``optimum`` is the best there is, ``near`` what
    counts as having come near, on a set and under a limit; ``near_name`` calls it in the record.
    """

    name: str
    claim: str
    sets: tuple[str, ...]
    methods: tuple[str, ...]
    run: Callable[[Task], list[float]]
    optimum: Callable[[str, float | None], float]
    near: Callable[[str, float | None], float]
    near_name: str
    limits: bool = True
    """Whether searches can be constrained to a size."""


def searched(task: Task, space: TabularSpace) -> list[float]:
    """Mean result of what the search would return after each evaluation."""
    torch.set_num_threads(1)
    trace = Trace(space, task.evaluations, np.random.default_rng([task.seed, 201]))
    try:
        METHODS[task.method](trace, task.seed)
    except BudgetSpentError:
        return trace.returned
    raise AssertionError("a search ends with its budget")


def figures_of(
    runs: Sequence[Sequence[float]], optimum: float, near: float, near_name: str
) -> dict[str, Any]:
    """What the searches of one method on one set come to; ``half_width`` is 1.96 standard errors."""
    results = np.array(runs)
    evaluations = results.shape[1]
    is_near = results >= near
    arrived = np.where(is_near.any(1), is_near.argmax(1) + 1, evaluations + 1)
    moments = [moment for moment in MOMENTS if moment <= evaluations]
    spread = results.std(0, ddof=1) if len(runs) > 1 else np.zeros(evaluations)
    return {
        "mean": {str(m): float(results[:, m - 1].mean()) for m in moments},
        "half_width": {str(m): float(1.96 * spread[m - 1] / len(runs) ** 0.5) for m in moments},
        "regret": {str(m): float(optimum - results[:, m - 1].mean()) for m in moments},
        f"evaluations_to_{near_name}": {
            "mean": float(arrived.mean()),
            "median": float(np.median(arrived)),
            "arrived": int(is_near.any(1).sum()),
        },
    }


def compared(
    comparison: Comparison,
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
        for done, (task, run) in enumerate(zip(tasks, pool.imap(comparison.run, tasks), strict=True), 1):
            runs.setdefault((task.data, task.method), []).append(run)
            if sys.stderr.isatty():
                left = (time.perf_counter() - started) / done * (len(tasks) - done)
                print(f"\r{done} of {len(tasks)} searches, about {left:.0f} s left ", end="", file=sys.stderr)
    table = {}
    for data in sets:
        optimum, near = comparison.optimum(data, limit), comparison.near(data, limit)
        table[data] = {
            "optimum": optimum,
            "methods": {
                method: figures_of(runs[data, method], optimum, near, comparison.near_name)
                for method in methods
            },
        }
    return table


def command(comparison: Comparison, description: str) -> None:
    """Search, and print the table; with --write, also results/NAME.json."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--evaluations", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--sets", nargs="+", choices=comparison.sets, default=comparison.sets)
    parser.add_argument("--methods", nargs="+", choices=comparison.methods, default=comparison.methods)
    if comparison.limits:
        parser.add_argument("--limit", type=float, help="most parameters, in millions: a constrained search")
    else:
        parser.set_defaults(limit=None)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    parser.add_argument("--write", action="store_true", help="write the record")
    given = parser.parse_args()
    if given.write and given.limit is not None:
        parser.error("--write keeps the record of the whole space; leave --limit out")
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    started = time.perf_counter()
    table = compared(
        comparison, given.sets, given.methods, seeds, given.evaluations, given.limit, given.processes
    )
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
                near = own[f"evaluations_to_{comparison.near_name}"]
                print(f"  {method:22} {means}  near after {near['mean']:.0f} (median {near['median']:.0f})")
    if given.write:
        write_record(
            comparison.name,
            comparison.claim,
            figures,
            commands=[f"python benchmarks/{comparison.name}.py " + " ".join(sys.argv[1:])],
            seed=given.first_seed,
        )
