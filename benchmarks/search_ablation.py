"""What each part of generative synthesis brings: searches on NAS-Bench-201 with one part left out.

python benchmarks/search_ablation.py --seeds 200 --write
python benchmarks/search_ablation.py --seeds 2 --sets cifar10 --methods generative_synthesis

The searches and their figures are those of benchmarks/nas_bench_201.py.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

# Started as a file, Python looks for imports beside it; started with -m this changes nothing.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from attendnets.exploration.decision_levels import Encoding
from attendnets.exploration.generator import Generator
from attendnets.exploration.inquisitor import Inquisitor
from attendnets.exploration.synthesis import Synthesis
from benchmarks.nas_bench_201 import COMPARISON as WHOLE
from benchmarks.search_comparison import Task, command, searched
from benchmarks.searchers import OURS, Searcher, generative_synthesis
from benchmarks.tabular import nas_bench_201


class UndecidedGenerator(Synthesis):
    """The generator learns nothing of U: but for what costs forbid it draws evenly."""

    def wanted(self, inquisitor: Inquisitor) -> Generator:
        return Generator.undecided(self.decisions)


class NothingShared(Synthesis):
    """The inquisitor takes each decision on its own: families have nothing in common."""

    @cached_property
    def encoding(self) -> Encoding:
        return Encoding(tuple(replace(decision, family="") for decision in self.decisions))


NEVER = 1_000_000
"""More evaluations than any search here has."""

FORMS: dict[str, Searcher] = {
    "generative_synthesis": generative_synthesis,
    "generative_synthesis_undecided_generator": partial(generative_synthesis, form=UndecidedGenerator),
    "generative_synthesis_nothing_shared": partial(generative_synthesis, form=NothingShared),
    "generative_synthesis_no_repeats": partial(generative_synthesis, options=replace(OURS, repeats=0.0)),
    "generative_synthesis_no_broad_view": partial(generative_synthesis, options=replace(OURS, broad=NEVER)),
}


def run(task: Task) -> list[float]:
    """Mean accuracy in percent of what the search would return after each evaluation."""
    return searched(task, nas_bench_201(task.data), FORMS[task.method])


COMPARISON = replace(
    WHOLE,
    name="search_ablation",
    claim="what each part of generative synthesis brings on NAS-Bench-201",
    methods=tuple(FORMS),
    run=run,
    limits=False,
    whole="generative_synthesis",
)

if __name__ == "__main__":
    command(COMPARISON, __doc__ or "")
