"""All that a network can shrink to: the same blocks in the same places, narrower and repeated less often."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec

from attendnets.errors import SpecError
from attendnets.prototype import Prototype
from attendnets.prototype.cells import ONE_OF
from attendnets.prototype.suggestions import CHANNEL_STEP, SHARES
from attendnets.spec import BlockSpec, NetworkSpec, StageSpec

_EIGHTHS: Final = 8


def shrunk(network: NetworkSpec, source: str = "shrunk") -> Prototype:
    """The prototype whose largest network is ``network``; ``source`` names it in messages.

    Open are the widths (of the stem, of blocks and within them, of the head), each at its eighths rounded
    to multiples of 8 (and of the block's groups), and how often equal blocks are repeated. Raises SpecError
    where nothing can be smaller.
    """
    values = msgspec.to_builtins(network)
    _open_widths(values["stem"], ("width",), max(1, network.stem.second_groups))
    _open_widths(values["head"], ("features",), 1)
    values["stages"] = [{"blocks": _blocks(stage)} for stage in network.stages]
    if not _has_choice(values):
        raise SpecError(
            f"{source}: no width of it can be smaller and no block is repeated; nothing to shrink."
        )
    return Prototype.of(values, source)


def _blocks(stage: StageSpec) -> list[dict[str, Any]]:
    """Runs of equal blocks, each as one that is repeated."""
    runs: list[tuple[BlockSpec, int]] = []
    for block in stage.blocks:
        if runs and block == msgspec.structs.replace(runs[-1][0], stride=1):
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((block, 1))
    blocks = []
    for block, count in runs:
        values: dict[str, Any] = msgspec.to_builtins(block)
        _open_widths(values, ("width", *SHARES), values.get("groups", 1))
        if count > 1:
            values["repeat"] = f"1..{count}"
        blocks.append(values)
    return blocks


def _open_widths(values: dict[str, Any], names: tuple[str, ...], groups: int) -> None:
    for name in names:
        widths = _smaller(values.get(name, 0), math.lcm(CHANNEL_STEP, groups))
        if len(widths) > 1:
            values[name] = {ONE_OF: widths}


def _smaller(width: int, step: int) -> list[int]:
    """``width`` and its eighths, at multiples of ``step`` below it."""
    eighths = {round(width * part / _EIGHTHS / step) * step for part in range(1, _EIGHTHS)}
    return sorted({each for each in eighths if 0 < each < width} | {width})


def _has_choice(values: dict[str, Any]) -> bool:
    blocks = [block for stage in values["stages"] for block in stage["blocks"]]
    return any(
        isinstance(value, dict) or name == "repeat"
        for part in (values["stem"], values["head"], *blocks)
        for name, value in part.items()
    )
