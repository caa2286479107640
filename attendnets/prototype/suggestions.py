"""What ``"?"`` stands for: the sensible values of each field, the cheapest first.

All have an exact 8-bit form, and channel numbers are multiples of 8. A field that is not here cannot be
left to us.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attendnets.prototype.cells import Value

CHANNEL_STEP: Final = 8
CHANNEL_FIELDS: Final = frozenset(
    {"width", "mixing", "embedding", "inner", "projection", "second_projection", "features", "size"}
)
"""Fields whose ranges go in steps of 8."""
FALLING: Final = frozenset({"groups", "stride"})
"""Fields of which a larger value costs less."""
KINDS: Final[tuple[Value, ...]] = (
    "pepe",
    "visual_condenser",
    "condenser",
    "double_condenser",
    "convolution",
)
REPEATS: Final[tuple[Value, ...]] = (1, 2, 3, 4)
STEM: Final[Mapping[str, tuple[Value, ...]]] = {
    "width": (8, 16, 24, 32),
    "kernel": (3, 5),
    "stride": (2, 1),
    "activation": ("relu", "relu6"),
}
HEAD: Final[Mapping[str, tuple[Value, ...]]] = {
    "features": (0, 64, 128, 256),
    "dropout": (0.0, 0.1, 0.2),
    "activation": ("relu", "relu6"),
}
BLOCK: Final[Mapping[str, tuple[Value, ...]]] = {
    "kernel": (3, 5),
    "stride": (2, 1),
    "downsample": ("average", "stride", "max"),
    "shortcut": (False, True),
    "activation": ("relu", "relu6"),
    "groups": (4, 1),
    "layers": (1, 2),
    "gate": ("sigmoid", "relu6"),
    "pool": ("max", "average"),
    "multiplier": (1, 2),
}
WIDTHS: Final[tuple[tuple[Value, ...], ...]] = (
    (8, 16, 24, 32, 48),
    (16, 24, 32, 48, 64, 80),
    (24, 32, 48, 64, 96, 128, 160),
    (32, 48, 64, 96, 128, 192, 256),
)
"""Widths of a block by its stage: the last row is the last stage's."""
SHARES: Final[Mapping[str, tuple[Value, ...]]] = {
    "mixing": (0.5, 1.0, 1.5, 2.0, 3.0),
    "projection": (0.5, 1.0, 1.5, 2.0, 3.0),
    "inner": (0.5, 1.0, 1.5, 2.0),
    "second_projection": (0.25, 0.5, 1.0),
    "embedding": (0.25, 0.5, 1.0),
}
"""Inner widths, as shares of the block's width (of ``mixing``: a visual condenser's ``embedding``)."""
CHOSEN_FORM: Final[Mapping[str, Value]] = {"gate": "sigmoid", "activation": "relu", "linear_embedding": True}
"""Fields of a block whose kind the machine chooses, where they are not written."""


def widths(stage: int, stages: int) -> tuple[Value, ...]:
    """Of a block in ``stage`` (from 0) of ``stages``."""
    return WIDTHS[min(len(WIDTHS) - 1, max(0, len(WIDTHS) - stages + stage))]
