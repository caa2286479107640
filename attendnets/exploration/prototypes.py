"""Where exploration starts: prototypes phi, each the largest of its family that costs allow.

The families follow the papers' macro-architecture (condensers early, PEPEs late) and plain residual
networks; their channel numbers are ours. A space that the user opened has points spread over it instead.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from attendnets.exploration.decisions import Decisions, Space, Value, refusal
from attendnets.exploration.proposer import Accept, SynthesisProposer
from attendnets.exploration.screening import Screen
from attendnets.exploration.space import DesignSpace, Kind

_FAMILIES: tuple[tuple[Kind, ...], ...] = (
    ("convolution", "convolution", "convolution"),
    ("convolution", "visual_condenser", "visual_condenser"),
    ("double_condenser", "double_condenser", "double_condenser"),
    ("visual_condenser", "visual_condenser", "pepe", "pepe"),
)
_WIDTHS = {3: (24, 40, 56), 4: (16, 24, 48, 96)}
_DEPTHS: dict[Kind, int] = {
    "convolution": 1,
    "double_condenser": 1,
    "visual_condenser": 2,
    "pepe": 2,
    "condenser": 2,
}
_RATIOS: dict[Kind, float] = {"pepe": 2.0, "visual_condenser": 0.5}
_EMBEDDINGS: dict[Kind, float] = {"visual_condenser": 1.0}
_SCALES = (4.0, 3.0, 2.5, 2.0, 1.6, 1.3, 1.15, 1.0, 0.85, 0.7, 0.55, 0.4, 0.25)
_SIZE = 96
_LEVELS, _TURNS, _NEAR = 32, 4, 4


def prototypes(space: Space, accept: Accept) -> tuple[Decisions, ...]:
    """Points to try first, all of which ``accept`` lets pass.

    One a family: the widest, at the size next to 96 pixels or smaller. Of a space without families: the
    largest points with each of the kinds that are open, one halfway to the smallest, and the smallest.
    """
    if isinstance(space, DesignSpace):
        return _largest_of_families(space, accept)
    return _spread(space, accept)


def _spread(space: Space, accept: Accept) -> tuple[Decisions, ...]:
    choices = space.choices()
    rng = random.Random(0)
    turns = max(len(values) if isinstance(values[0], str) else 1 for values in choices.values())

    def found(level: float, turn: int) -> Decisions | None:
        step = point = _at(choices, level / _LEVELS, turn)
        for changes in range(1, _NEAR):
            if refusal(space.network(point)) is None:
                break
            # Values in step need not fit together; beside them there may be some that do.
            point = space.mutate(step, rng, changes)
        return point if accept(space.network(point)) else None

    points: list[Decisions] = []
    highest = 0
    for turn in range(min(turns, _TURNS)):
        for level in range(_LEVELS, 0, -1):
            point = found(level, turn)
            if point is not None:
                points.append(point)
                highest = highest or level
                break
    middle, smallest = found(highest / 2, 0), space.smallest()
    points += [] if middle is None else [middle]
    return (*points, smallest) if accept(space.network(smallest)) else tuple(points)


def _at(choices: Mapping[str, tuple[Value, ...]], share: float, turn: int) -> Decisions:
    """Ordered decisions ``share`` of the way to their largest value, the others at value ``turn``."""
    return {
        name: values[turn % len(values) if isinstance(values[0], str) else round(share * (len(values) - 1))]
        for name, values in choices.items()
    }


def _largest_of_families(space: DesignSpace, accept: Accept) -> tuple[Decisions, ...]:
    points = []
    sizes = sorted(space.sizes, key=lambda size: (abs(size - _SIZE), size))
    for family in _FAMILIES:
        if any(kind not in space.kinds for kind in family) or len(family) not in space.stages:
            continue
        candidates = (_point(space, family, scale, size) for size in sizes for scale in _SCALES)
        found = next((point for point in candidates if accept(space.network(point))), None)
        if found is not None:
            points.append(found)
    return tuple(points)


def synthesis_from_prototypes(space: Space, screen: Screen) -> SynthesisProposer:
    """Generative synthesis that starts from the prototypes of ``space`` and keeps within ``screen``."""
    return SynthesisProposer(space, prototypes(space, screen), screen)


def _point(space: DesignSpace, family: tuple[Kind, ...], scale: float, size: int) -> Decisions:
    stages = len(family)
    wanted: dict[str, Value] = {
        "size": size,
        "stem_width": 16,
        "stages": stages,
        "entry_stride": 2,
        "downsample": "average",
        "features": 0,
    }
    rows = max(space.stages)
    for row in range(rows):
        position = max(0, row - (rows - stages))
        kind = family[position]
        wanted |= {
            f"kind{row}": kind,
            f"width{row}": _WIDTHS[stages][position] * scale,
            f"depth{row}": _DEPTHS[kind],
            f"shortcut{row}": True,
        }
        for block in range(max(space.depths)):
            wanted |= {
                f"ratio{row}_{block}": _RATIOS.get(kind, 1.0),
                f"embedding{row}_{block}": _EMBEDDINGS.get(kind, 0.5),
                f"kernel{row}_{block}": 3,
                f"groups{row}_{block}": 1 if kind == "convolution" else 4,
                f"gate{row}_{block}": "sigmoid",
            }
    return {name: _nearest(values, wanted[name]) for name, values in space.choices().items()}


def _nearest(values: tuple[Value, ...], wanted: Value) -> Value:
    if isinstance(wanted, str):
        return wanted if wanted in values else values[0]
    target = float(wanted)
    return min(values, key=lambda value: abs(float(value) - target))
