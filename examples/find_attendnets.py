"""Find AttendNet-A and -B again: channel numbers from the paper's totals and what is known of them.

    python examples/find_attendnets.py        # seconds

Known (arXiv 2009.14385 and its sister network's figure, arXiv 2104.03165): a 7x7 stem and max pooling,
stages of 3, 4, 6 visual attention condensers and 3 PEPEs at 56, 28, 14 and 7 pixels, a projection at the
head of each stage, a depthwise layer that widens, 50 classes; 1386 K parameters and 276.8 M multiply-adds
for A, 782 K and 191.3 M for B, whose rounding leaves 2 K and 0.3 M open.

Assumed, to have a finite search: all channel numbers are multiples of 8; inner widths are the same simple
fractions of a stage's width in every stage and in both networks; B has nowhere more channels than A.
Hundreds of pairs meet both totals then; the one whose stages come nearest to doubling the width is taken.
It is a reconstruction: nothing says that it is the authors'.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from attendnets.cost import cost
from attendnets.networks.attendnet import DEPTHS, A, B, Channels, attendnet

TOTALS = {"A": (1_386_000, 276_800_000), "B": (782_000, 191_300_000)}
TOLERANCE = (2_000, 300_000)
STEMS = (16, 24, 32)
STEM_GRID = 112 * 112
GRIDS = (56 * 56, 28 * 28, 14 * 14, 7 * 7)
CLASSES = 50
GROUPS = 4
GROWTH = (1.2, 2.6)
"""Least and largest factor from one stage's width to the next."""


class Ratios(NamedTuple):
    """Inner widths: m over a stage's width, e1 over m, p1 and p2 over the last width; and PEPE's d."""

    mixing: float
    embedding: float
    projection: float
    multiplier: int
    second_projection: float


EARLY = tuple(itertools.product((1 / 4, 1 / 3, 3 / 8, 1 / 2, 2 / 3, 3 / 4), (1 / 4, 1 / 2, 3 / 4, 1.0)))
LATE = tuple(itertools.product((1 / 4, 1 / 3, 1 / 2, 3 / 4), (2,), (1 / 8, 1 / 4, 1 / 3, 1 / 2, 3 / 4, 1.0)))


class Found(NamedTuple):
    """Widths of the stages that meet a network's totals, with the ratios of all inner widths."""

    widths: tuple[int, ...]
    ratios: Ratios


def multiple_of_8(width):
    """The nearest, at least 8."""
    return np.maximum(8, np.round(width / 8) * 8).astype(np.int64)


def early(stem, widths, mixing, embedding):
    """Parameters and multiply-adds of the stem and the three stages of VACs, for each row of ``widths``."""
    taps = 3 * 7 * 7
    parameters, macs, entering = taps * stem + 2 * stem, STEM_GRID * taps * stem, stem
    for stage in range(3):
        width, grid = widths[:, stage], GRIDS[stage]
        m = multiple_of_8(width * mixing)
        e1 = multiple_of_8(m * embedding)
        inner = 9 * m * e1 // GROUPS + e1 * m
        for module in range(DEPTHS[stage]):
            mixed = entering * m + m * width
            parameters = parameters + mixed + inner + 2 * (m + e1 + m + width) + 1
            macs = macs + grid * mixed + grid // 4 * inner
            if module == 0:
                parameters = parameters + entering * width + 2 * width
                macs = macs + grid * entering * width
            entering = width
    return parameters, macs


def late(entering, width, projection, multiplier, second_projection):
    """Parameters and multiply-adds of the PEPEs and the classifier, for each of ``width``."""
    p1, p2 = multiple_of_8(width * projection), multiple_of_8(width * second_projection)
    e1 = multiplier * p1
    parameters, macs = width * CLASSES + CLASSES, width * CLASSES
    for module in range(DEPTHS[3]):
        weights = entering * p1 + 9 * e1 + e1 * p2 + p2 * width
        parameters = parameters + weights + 2 * (p1 + e1 + p2 + width)
        macs = macs + GRIDS[3] * weights
        if module == 0:
            parameters = parameters + entering * width + 2 * width
            macs = macs + GRIDS[3] * entering * width
        entering = width
    return parameters, macs


def grown(width, largest):
    """The widths that may follow ``width``."""
    return [w for w in range(width + 8, largest + 1, 8) if GROWTH[0] <= w / width <= GROWTH[1]]


def solutions(totals: tuple[int, int], stem: int) -> Iterator[Found]:
    """All widths and ratios that meet ``totals``."""
    widths = np.array([(a, b, c) for a in range(24, 137, 8) for b in grown(a, 288) for c in grown(b, 448)])
    for mixing, embedding in EARLY:
        first = early(stem, widths, mixing, embedding)
        for entering in np.unique(widths[:, 2]):
            rows = np.nonzero((widths[:, 2] == entering) & (first[0] < totals[0]) & (first[1] < totals[1]))[0]
            last = np.array(grown(int(entering), 1200))
            for projection, multiplier, second in LATE:
                rest = late(int(entering), last, projection, multiplier, second)
                met = np.full((len(rows), len(last)), True)
                for quantity in range(2):
                    off = first[quantity][rows][:, None] + rest[quantity][None] - totals[quantity]
                    met &= np.abs(off) <= TOLERANCE[quantity]
                for row, column in zip(*np.nonzero(met), strict=True):
                    chosen = (*widths[rows[row]].tolist(), int(last[column]))
                    yield Found(chosen, Ratios(mixing, embedding, projection, multiplier, second))


def unevenness(found: Found) -> float:
    """How far the stages are from doubling the width."""
    steps = np.log2(np.array(found.widths[1:]) / np.array(found.widths[:-1]))
    return float(((steps - 1) ** 2).sum())


def pairs(stem: int) -> list[tuple[float, Found, Found]]:
    """All A and B of one stem with the same ratios and B within A, the most even first."""
    of_ratios: dict[Ratios, list[Found]] = defaultdict(list)
    for found in solutions(TOTALS["B"], stem):
        of_ratios[found.ratios].append(found)
    within = [
        (unevenness(a) + unevenness(b), a, b)
        for a in solutions(TOTALS["A"], stem)
        for b in of_ratios[a.ratios]
        if all(inner <= outer for inner, outer in zip(b.widths, a.widths, strict=True))
    ]
    return sorted(within)


def channels(found: Found, stem: int) -> Channels:
    """All channel numbers of a solution."""
    widths, ratios = np.array(found.widths), found.ratios
    mixing = multiple_of_8(widths[:3] * ratios.mixing)
    return Channels(
        stem=stem,
        widths=found.widths,
        mixing=tuple(mixing.tolist()),
        embedding=tuple(multiple_of_8(mixing * ratios.embedding).tolist()),
        projection=int(multiple_of_8(widths[3] * ratios.projection)),
        multiplier=ratios.multiplier,
        second_projection=int(multiple_of_8(widths[3] * ratios.second_projection)),
    )


def best(stems=STEMS) -> tuple[Channels, Channels]:
    """The most even pair of all ``stems``; prints how many there were."""
    candidates = []
    for stem in stems:
        of_stem = pairs(stem)
        print(f"stem of {stem} channels: {len(of_stem)} pairs meet both totals")
        candidates += [(score, stem, a, b) for score, a, b in of_stem[:1]]
    _, stem, a, b = min(candidates)
    return channels(a, stem), channels(b, stem)


if __name__ == "__main__":
    for letter, numbers in zip("AB", best(), strict=True):
        counted = cost(attendnet(numbers, classes=CLASSES, channels=3, image_size=224))
        print(f"\nAttendNet-{letter}: {counted.parameters:,} parameters, {counted.macs:,} multiply-adds")
        for name, value in numbers._asdict().items():
            print(f"  {name:18}{value}")
        print(f"  {'as in the package:':18}{numbers == {'A': A, 'B': B}[letter]}")
