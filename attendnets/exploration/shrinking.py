"""All that a network can shrink to: the same blocks in the same places, narrower and repeated less often."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec

from attendnets.errors import SpecError
from attendnets.networks.constraints import frozen
from attendnets.prototype import Prototype
from attendnets.prototype.cells import MOST_VALUES, ONE_OF
from attendnets.prototype.suggestions import CHANNEL_STEP, SHARES
from attendnets.spec import BlockSpec, NetworkSpec, StageSpec

_EIGHTHS: Final = 8


def shrunk(network: NetworkSpec, source: str = "shrunk", parts: tuple[str, ...] = ()) -> Prototype:
    """The prototype whose largest network is ``network``; ``source`` names it in messages.

    Open are the widths (of the stem, of blocks and within them, of the head), each at its eighths rounded
    to multiples of 8 (and of the block's groups), and how often equal blocks are repeated; in none of
    ``parts``, which stay as and where they are ("stem", "head", "stages.1", "stages.1.0"). Raises SpecError
    where there is no such part, or nothing can be smaller.
    """
    try:
        for part in parts:
            frozen(part, network)
    except SpecError as error:
        raise SpecError(f"{source}: {error}") from error
    values = msgspec.to_builtins(network)
    if "stem" not in parts:
        _open_widths(values["stem"], ("width",), max(1, network.stem.second_groups))
    if "head" not in parts:
        _open_widths(values["head"], ("features",), 1)
    values["stages"] = [
        {"blocks": _blocks(stage, f"stages.{number}", parts)} for number, stage in enumerate(network.stages)
    ]
    if not _has_choice(values):
        what = "beside what is frozen no" if parts else "no"
        raise SpecError(
            f"{source}: {what} width of it can be smaller and no block is repeated; nothing to shrink."
        )
    return Prototype.of(values, source)


def _blocks(stage: StageSpec, where: str, parts: tuple[str, ...]) -> list[dict[str, Any]]:
    """Runs of equal blocks, each as one that is repeated; those before a frozen block as often as it was."""
    kept = {number for number in range(len(stage.blocks)) if where in parts or f"{where}.{number}" in parts}
    runs: list[tuple[BlockSpec, list[int]]] = []
    for number, block in enumerate(stage.blocks):
        alike = bool(runs) and block == msgspec.structs.replace(runs[-1][0], stride=1)
        if alike and not kept & {number, number - 1}:
            runs[-1][1].append(number)
        else:
            runs.append((block, [number]))
    blocks = []
    for block, numbers in runs:
        values: dict[str, Any] = msgspec.to_builtins(block)
        if not kept & set(numbers):
            _open_widths(values, ("width", *SHARES), values.get("groups", 1))
        if len(numbers) > 1:
            moves = any(number > numbers[-1] for number in kept)
            values["repeat"] = len(numbers) if moves else {ONE_OF: _depths(len(numbers))}
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


def _depths(count: int) -> list[int]:
    """How often a block can be repeated instead of ``count`` times, in steps if need be."""
    steps = min(count, MOST_VALUES) - 1
    return [1 + round((count - 1) * step / steps) for step in range(steps + 1)]


def _has_choice(values: dict[str, Any]) -> bool:
    blocks = [block for stage in values["stages"] for block in stage["blocks"]]
    return any(
        isinstance(value, dict)
        for part in (values["stem"], values["head"], *blocks)
        for value in part.values()
    )
