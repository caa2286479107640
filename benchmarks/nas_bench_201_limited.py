"""Searches on NAS-Bench-201 for the best network of at most 0.4 M parameters: ours and those that people use.

python benchmarks/nas_bench_201_limited.py --seeds 15 --write     # the record
python benchmarks/nas_bench_201_limited.py --seeds 2 --sets cifar10 --methods generative_synthesis random

As benchmarks/nas_bench_201.py; accuracy and regret are those of points within the limit. Sizes are counted
and cost no evaluation. TPE of one parameter at a time is left out: told of a point beyond the limit as of a
trial that failed, it goes on to propose such points.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

# Started as a file, Python looks for imports beside it; started with -m this changes nothing.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.nas_bench_201 import COMPARISON as WHOLE
from benchmarks.search_comparison import command

COMPARISON = replace(
    WHOLE,
    name="nas_bench_201_limited",
    claim="generative synthesis finds better small networks than the samplers people use",
    limit=0.4,
    methods=tuple(method for method in WHOLE.methods if method != "tpe_independent"),
)

if __name__ == "__main__":
    command(COMPARISON, __doc__ or "")
