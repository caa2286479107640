"""Searches on NAS-Bench-201: ours and those that people use, on the same noisy table.

python benchmarks/nas_bench_201.py --evaluations 300 --seeds 30 --write     # the record, half an hour
python benchmarks/nas_bench_201.py --seeds 2 --sets cifar10 --methods generative_synthesis random --json

An evaluation is one of the table's trainings of a point, drawn at random. Accuracy and regret are of the
point that a search would return at that moment, by its mean over all trainings, on the validation split.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Started as a file, Python looks for imports beside it; started with -m this changes nothing.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.search_comparison import METHODS, Comparison, Task, command, searched
from benchmarks.tabular import NAS_BENCH_201, nas_bench_201


def run(task: Task) -> list[float]:
    """Mean accuracy in percent of what the search would return after each evaluation."""
    return searched(task, nas_bench_201(task.data, task.limit))


COMPARISON = Comparison(
    name="nas_bench_201",
    claim="generative synthesis finds better networks with fewer evaluations than the samplers people use",
    sets=NAS_BENCH_201,
    methods=tuple(METHODS),
    run=run,
    optimum=lambda data, limit: nas_bench_201(data, limit).optimum,
    near=lambda data, limit: nas_bench_201(data, limit).optimum - 0.5,
    near_name="within_half_a_point",
)

if __name__ == "__main__":
    command(COMPARISON, __doc__ or "")
