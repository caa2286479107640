"""Where exploration starts: prototypes phi, each the largest of its family that costs allow.

The families follow the papers' macro-architecture (condensers early, PEPEs late) and plain residual
networks; their channel numbers are ours.
"""

from __future__ import annotations

from attendnets.exploration.proposer import Accept, SynthesisProposer
from attendnets.exploration.space import Decisions, DesignSpace, Kind, Value

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


def prototypes(space: DesignSpace, accept: Accept) -> tuple[Decisions, ...]:
    """One point a family: the widest that ``accept`` lets pass, at the size next to 96 pixels or smaller."""
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


def synthesis_from_prototypes(space: DesignSpace, accept: Accept) -> SynthesisProposer:
    """Generative synthesis that starts from the prototypes of ``space``."""
    return SynthesisProposer(space, prototypes(space, accept))


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
            f"kernel{row}": 3,
            f"groups{row}": 1,
            f"gate{row}": "sigmoid",
        }
        for block in range(max(space.depths)):
            wanted |= {
                f"ratio{row}_{block}": _RATIOS.get(kind, 1.0),
                f"embedding{row}_{block}": _EMBEDDINGS.get(kind, 0.5),
            }
    return {name: _nearest(values, wanted[name]) for name, values in space.choices().items()}


def _nearest(values: tuple[Value, ...], wanted: Value) -> Value:
    if isinstance(wanted, str):
        return wanted if wanted in values else values[0]
    target = float(wanted)
    return min(values, key=lambda value: abs(float(value) - target))
