"""Searches on HPOLib: ours and those that people use, on the same noisy tables of small regression networks.

python benchmarks/hpolib.py --seeds 30 --write
python benchmarks/hpolib.py --seeds 2 --sets protein_structure --methods generative_synthesis random --json

An evaluation is one of the table's four trainings of a point, drawn at random. What is compared is the
point that a search would return at that moment, by its mean validation loss over all trainings: minus the
percent by which it exceeds the least in the table. Widths, rates and other numbers are ordered levels, which
Optuna's samplers see as integers; activations and schedules are categories.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

# Started as a file, Python looks for imports beside it; started with -m this changes nothing.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.search_comparison import Comparison, Task, command, searched
from benchmarks.searchers import SEARCHERS
from benchmarks.tabular import HPOLIB, hpolib

BEST = 62
"""Points that count as near the optimum: a thousandth of the table. No bound on the loss suits all sets."""


def run(task: Task) -> list[float]:
    """After each evaluation, minus the percent by which the mean loss that a search has exceeds the least."""
    return searched(task, hpolib(task.data))


COMPARISON = Comparison(
    name="hpolib",
    claim="generative synthesis finds settings of lower loss with fewer evaluations than the samplers people "
    "use",
    sets=HPOLIB,
    methods=tuple(SEARCHERS),
    run=run,
    optimum=lambda data, limit: hpolib(data).optimum,
    near=lambda data, limit: float(np.sort(hpolib(data).means)[-BEST]),
    near_name="best_thousandth",
    limits=False,
)

if __name__ == "__main__":
    command(COMPARISON, __doc__ or "")
