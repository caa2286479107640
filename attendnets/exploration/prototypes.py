"""Where exploration starts: prototypes phi, each the largest of its family that costs allow.

The families follow the papers' macro-architecture (condensers early, PEPEs late) and plain residual
networks; their channel numbers are ours.
"""

from __future__ import annotations

from attendnets.exploration.proposer import Accept
from attendnets.exploration.space import Decisions, DesignSpace, Kind, Value

_FAMILIES: tuple[tuple[Kind, ...], ...] = (
    ("pepe", "pepe", "pepe", "pepe"),
    ("visual_condenser", "visual_condenser", "pepe", "pepe"),
    ("convolution", "convolution", "pepe", "pepe"),
    ("double_condenser", "double_condenser", "pepe", "pepe"),
)
_WIDTHS = (16, 24, 48, 96)
_DEPTHS = (1, 2, 2, 2)
_SCALES = (3.0, 2.5, 2.0, 1.6, 1.3, 1.0, 0.8, 0.65, 0.5, 0.35, 0.25)
_SIZE = 96


def prototypes(space: DesignSpace, accept: Accept) -> tuple[Decisions, ...]:
    """One point a family: the widest that ``accept`` lets pass, at the size next to 96 pixels or smaller."""
    points = []
    sizes = sorted(space.sizes, key=lambda size: (abs(size - _SIZE), size))
    for family in _FAMILIES:
        if any(kind not in space.kinds for kind in family):
            continue
        candidates = (_point(space, family, scale, size) for size in sizes for scale in _SCALES)
        found = next((point for point in candidates if accept(space.network(point))), None)
        if found is not None:
            points.append(found)
    return tuple(points)


def _point(space: DesignSpace, family: tuple[Kind, ...], scale: float, size: int) -> Decisions:
    wanted: dict[str, Value] = {
        "size": size,
        "stem_width": 16,
        "stages": max(space.stages),
        "entry_stride": 1,
        "downsample": "average",
        "gate": "sigmoid",
        "features": 0,
    }
    for stage, kind in enumerate(family):
        wanted |= {
            f"kind{stage}": kind,
            f"width{stage}": _WIDTHS[stage] * scale,
            f"depth{stage}": _DEPTHS[stage],
            f"ratio{stage}": 2.0 if kind == "pepe" else 1.0,
            f"embedding{stage}": 0.5,
            f"kernel{stage}": 3,
            f"groups{stage}": 1,
        }
    return {name: _nearest(values, wanted[name]) for name, values in space.choices().items()}


def _nearest(values: tuple[Value, ...], wanted: Value) -> Value:
    if isinstance(wanted, str):
        return wanted if wanted in values else values[0]
    target = float(wanted)
    return min(values, key=lambda value: abs(float(value) - target))
