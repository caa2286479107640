"""Does condensed attention earn its place? One small network with each kind of block, at equal parameters.

    python -m benchmarks.block_comparison PATH/TO/cifar10     # a quarter of an hour on two cores

The folder has train and test folders with a folder a class in each. One recipe, the same images, three seeds;
test accuracy. Each training is written down when it is done: the same command goes on after a break.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attendnets.cost import cost
from attendnets.spec import NetworkSpec
from attendnets.statistics import paired_test
from benchmarks.equal_networks import BLOCKS, equal_network
from benchmarks.image_subset import Tables
from benchmarks.seeded_trainings import Comparison, Run, from_command_line, over_seeds, right_of, trained

REFERENCE = "plain convolution"
_SIGNIFICANT = 0.05


def networks(tables: Tables, parameters: int) -> dict[str, NetworkSpec]:
    """A network of each kind of block for these images."""
    classes = len(tables.classes)
    return {block: equal_network(block, parameters, tables.image, classes) for block in BLOCKS}


def run(spec: NetworkSpec, seed: int, tables: Tables, epochs: int) -> Run:
    """One training."""
    return trained(spec, seed, tables, epochs)[1]


def rows(begun: Mapping[str, NetworkSpec], runs: Sequence[Run], images: int) -> list[dict[str, Any]]:
    """A block a row: what it costs, its accuracy over the seeds, and how far that is from plain convolution.

    Differences are of runs with the same seed, on the same test images.
    """
    found = []
    reference = {run["seed"]: right_of(run, images) for run in runs if run["name"] == REFERENCE}
    for block, spec in begun.items():
        mine = {run["seed"]: run for run in runs if run["name"] == block}
        accuracies = [run["top1_percent"] for run in mine.values()]
        price = cost(spec)
        row: dict[str, Any] = {
            "block": block,
            "widths": [spec.stem.width, *(stage.blocks[-1].width for stage in spec.stages)],
            "parameters": price.parameters,
            "macs": price.macs,
            "weights_bytes": price.weights_bytes,
            "top1_percent": over_seeds(accuracies),
            "top1_percent_by_seed": accuracies,
        }
        tests = [
            paired_test(right_of(run, images), reference[seed])
            for seed, run in mine.items()
            if seed in reference and block != REFERENCE
        ]
        if tests:
            row["difference_percent"] = over_seeds([test.difference_percent for test in tests])
            row["paired_p_values"] = [test.p_value for test in tests]
            clear = [test.difference_percent for test in tests if test.p_value < _SIGNIFICANT]
            row["seeds_better"] = sum(difference > 0 for difference in clear)
            row["seeds_worse"] = sum(difference < 0 for difference in clear)
        found.append(row)
    return found


COMPARISON = Comparison(
    "block_comparison", "how blocks of condensed attention do beside others at equal parameters", run, rows
)

if __name__ == "__main__":
    from_command_line(COMPARISON, networks, __doc__)
