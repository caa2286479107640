"""The nearest network that 8 bits can hold, where a published form has operators that they cannot."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from attendnets.spec import DoubleCondenserSpec, HeadSpec, NetworkSpec, StageSpec

_INSTEAD: Final[dict[str, dict[str, str]]] = {
    "gate": {"softmax": "sigmoid"},
    "activation": {"silu": "relu", "leaky_relu": "relu"},
    "unpool": {"indices": "nearest"},
}


class Inexact(NamedTuple):
    """A field such as "stages.1.0.gate", its value that 8 bits cannot hold, and the nearest that they can."""

    where: str
    value: str
    instead: str


def int8_form(spec: NetworkSpec) -> NetworkSpec:
    """``spec`` with each softmax gate a sigmoid, each SiLU a ReLU, each unpooling to the nearest.

    A softmax over hundreds of channels is below one step of an 8-bit grid, SiLU and unpooling by indices
    have no 8-bit kernel. Weights, costs and shapes stay; a network without these stays as it is.
    """
    stages = tuple(StageSpec(blocks=tuple(map(_replaced, stage.blocks))) for stage in spec.stages)
    return msgspec.structs.replace(spec, stem=_replaced(spec.stem), stages=stages, head=_replaced(spec.head))


def inexact(spec: NetworkSpec) -> Inexact | None:
    """The first field of ``spec`` in use whose value 8 bits cannot hold; else None."""
    blocks = {
        f"stages.{stage}.{row}": block
        for stage, each in enumerate(spec.stages)
        for row, block in enumerate(each.blocks)
    }
    for where, part in {"stem": spec.stem, **blocks, "head": spec.head}.items():
        for switch, values in _INSTEAD.items():
            value = getattr(part, switch, None)
            if value in values and not _is_idle(part, switch):
                return Inexact(f"{where}.{switch}", value, values[value])
    return None


def inexact_value(where: str, value: object) -> Inexact | None:
    """A value of the field at ``where`` that 8 bits cannot hold; else None."""
    values = _INSTEAD.get(where.rpartition(".")[2], {})
    return Inexact(where, value, values[value]) if isinstance(value, str) and value in values else None


def _is_idle(part: Any, switch: str) -> bool:
    """Whether nothing depends on that field of ``part``."""
    if isinstance(part, DoubleCondenserSpec):
        return switch == "gate" and not part.attention
    return isinstance(part, HeadSpec) and part.features == 0


def _replaced(part: Any) -> Any:
    instead = {
        switch: values[value]
        for switch, values in _INSTEAD.items()
        if (value := getattr(part, switch, None)) in values
    }
    return msgspec.structs.replace(part, **instead) if instead else part
