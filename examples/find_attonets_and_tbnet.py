"""Find the channel numbers of the AttoNet and TB-Net reconstructions again, from published totals alone.

    python examples/find_attonets_and_tbnet.py        # a minute

Structure and totals are what is known (``attendnets/networks/attonet.py``, ``tbnet.py``); many sets of
channel numbers meet them. The search starts at a prototype of widths that grow from stage to stage, scaled
until it is nearest to the published totals, and then changes one number at a time by 8, always to what
brings the totals nearer, until both are within the print's rounding. Of all sets of numbers found so, from
starts shaken at random, the one nearest to the prototype's proportions is taken; all are multiples of 8.
Equal seeds find equal numbers, in seconds.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from attendnets.cost import cost
from attendnets.networks.attonet import AttoNet, attonet
from attendnets.networks.tbnet import TbNet, tbnet
from attendnets.spec import NetworkSpec

Numbers: TypeAlias = tuple[int, ...]

STEP = 8
RESTARTS = 300
SHAKES = 3


class Totals(NamedTuple):
    """Published parameters and multiply-adds, each with the largest difference that counts as met."""

    parameters: float
    parameters_within: float
    macs: float
    macs_within: float

    def miss(self, spec: NetworkSpec) -> float:
        """The larger of both differences, in units of what is allowed: met where it is at most 1."""
        counted = cost(spec)
        return max(
            abs(counted.parameters - self.parameters) / self.parameters_within,
            abs(counted.macs - self.macs) / self.macs_within,
        )


ATTONET_TOTALS = {
    "a": Totals(2.970e6, 2e3, 424.8e6, 0.3e6),
    "b": Totals(1.870e6, 2e3, 277.5e6, 0.3e6),
    "c": Totals((1.870e6 * 0.330e6) ** 0.5, 8e3, (277.5e6 * 57e6) ** 0.5, 1.2e6),
    "d": Totals(0.330e6, 3e3, 57e6, 0.5e6),
}
TBNET_TOTALS = Totals(4.24e6, 5e3, 0.42e9, 5e6)

ATTONET_PROTOTYPE: Numbers = (32, 64, 128, 256, 512, 32, 64, 128, 256, 32, 64, 128, 256)
TBNET_PROTOTYPE: Numbers = (16, 64, 128, 352, 832, 24, 56, 160, 24, 56, 160, 448, 448)


def attonet_numbers(n: Numbers) -> AttoNet:
    """A flat row of numbers by their names."""
    return AttoNet(n[0], (n[1], n[2], n[3], n[4]), (n[5], n[6], n[7], n[8]), (n[9], n[10], n[11], n[12]))


def tbnet_numbers(n: Numbers) -> TbNet:
    """A flat row of numbers by their names."""
    return TbNet(n[0], (n[1], n[2], n[3], n[4]), (n[5], n[6], n[7]), (n[8], n[9], n[10]), n[11], n[12])


def search(make: Callable[[Numbers], NetworkSpec], prototype: Numbers, totals: Totals, seed: int) -> Numbers:
    """Channel numbers near the prototype's proportions that meet the totals.

    Raises LookupError where none did.
    """
    draw = random.Random(seed)
    nearest = min((_scaled(prototype, percent / 100) for percent in range(20, 200)), key=_miss(make, totals))
    met = set()
    for _ in range(RESTARTS):
        start = nearest
        for _ in range(SHAKES):
            start = _moved(start, draw.randrange(len(start)), draw.choice((-STEP, STEP)))
        found = _descended(start, _miss(make, totals))
        if totals.miss(make(found)) <= 1:
            met.add(found)
    if not met:
        raise LookupError(
            f"no channel numbers within the rounding after {RESTARTS} starts; give another seed"
        )
    return min(met, key=lambda numbers: (_distortion(numbers, prototype), numbers))


def _distortion(numbers: Numbers, prototype: Numbers) -> float:
    """How far the proportions are from the prototype's: the variance of the logarithms of scales."""
    return statistics.pvariance(math.log(n / p) for n, p in zip(numbers, prototype, strict=True))


def _miss(make: Callable[[Numbers], NetworkSpec], totals: Totals) -> Callable[[Numbers], float]:
    return lambda numbers: totals.miss(make(numbers))


def _scaled(prototype: Numbers, factor: float) -> Numbers:
    return tuple(max(STEP, STEP * round(number * factor / STEP)) for number in prototype)


def _moved(numbers: Numbers, index: int, step: int) -> Numbers:
    return (*numbers[:index], max(STEP, numbers[index] + step), *numbers[index + 1 :])


def _descended(numbers: Numbers, miss: Callable[[Numbers], float]) -> Numbers:
    best = miss(numbers)
    while best > 1:
        moves = [_moved(numbers, i, step) for i in range(len(numbers)) for step in (-STEP, STEP)]
        candidate = min(moves, key=miss)
        if miss(candidate) >= best:
            break
        numbers, best = candidate, miss(candidate)
    return numbers


def find_attonet(letter: str, seed: int = 0) -> AttoNet:
    """Channel numbers of AttoNet-A, -B, -C or -D."""

    def make(numbers: Numbers) -> NetworkSpec:
        return attonet(attonet_numbers(numbers), classes=50, channels=3, image_size=224)

    return attonet_numbers(search(make, ATTONET_PROTOTYPE, ATTONET_TOTALS[letter], seed))


def find_tbnet(seed: int = 0) -> TbNet:
    """Channel numbers of TB-Net."""

    def make(numbers: Numbers) -> NetworkSpec:
        return tbnet(tbnet_numbers(numbers), classes=2, channels=3, image_size=224)

    return tbnet_numbers(search(make, TBNET_PROTOTYPE, TBNET_TOTALS, seed))


def main() -> None:
    """Print what is found, to be compared with the constants in the two files."""
    for letter in ATTONET_TOTALS:
        atto = find_attonet(letter)
        counted = cost(attonet(atto, classes=50, channels=3, image_size=224))
        print(f"attonet_{letter}: {counted.parameters:,} parameters, {counted.macs:,} MACs\n  {atto}")
    tb = find_tbnet()
    counted = cost(tbnet(tb, classes=2, channels=3, image_size=224))
    print(f"tbnet: {counted.parameters:,} parameters, {counted.macs:,} MACs\n  {tb}")


if __name__ == "__main__":
    main()
