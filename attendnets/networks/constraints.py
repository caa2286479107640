"""Rules that a network keeps or breaks, for the exploration and for networks that are there.

The papers' explorations impose best practices on what they generate: anti-aliased downsampling, no strided
pointwise convolution, a columnar architecture; and people freeze stages or rows of what they begin with.
Each is a function from a specification to the places where it is broken; none means that it is kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from attendnets.blocks import trace_block
from attendnets.errors import SpecError, UsageError
from attendnets.graph import Graph, Operation, Shape
from attendnets.networks.assemble import trace_network
from attendnets.networks.head import trace_head
from attendnets.networks.stem import trace_stem
from attendnets.spec import NetworkSpec


class Violation(NamedTuple):
    """A rule, the layer that breaks it (as in "stages.1.0.shortcut"), and how."""

    rule: str
    where: str
    what: str


Constraint: TypeAlias = Callable[[NetworkSpec], tuple[Violation, ...]]

_ANTI_ALIASED: Final = ("average", "blur")
# Larger than any network's stride: on a grid of one pixel no halving shows.
_LARGE: Final = 4096
_FROZEN: Final = "frozen:"
_FROZEN_NAME: Final = re.compile(_FROZEN + r"(stem|head|stages(\.(0|[1-9]\d{0,2})){1,2})")


def no_strided_pointwise(spec: NetworkSpec) -> tuple[Violation, ...]:
    """A 1x1 convolution of stride 2 reads one pixel in four and throws the others away."""
    return tuple(
        Violation("no_strided_pointwise", name, "a 1x1 convolution with stride 2 drops three pixels in four")
        for name, operation, shrinks in _convolutions(spec)
        if operation.kernel == 1 and shrinks
    )


def anti_aliased_downsampling(spec: NetworkSpec) -> tuple[Violation, ...]:
    """The grid is halved only behind a low-pass filter: by average or blur, past the stem's first layer."""
    rule = "anti_aliased_downsampling"
    found = []
    if spec.stem.pool == "max":
        found.append(Violation(rule, "stem.pool", "a maximum has no low-pass filter; use average"))
    for number, stage in enumerate(spec.stages):
        for position, block in enumerate(stage.blocks):
            if block.stride == 2 and block.downsample not in _ANTI_ALIASED:
                what = f'the grid is halved by "{block.downsample}"; use average or blur'
                found.append(Violation(rule, f"stages.{number}.{position}", what))
    return tuple(found)


def columnar(spec: NetworkSpec) -> tuple[Violation, ...]:
    """Spatial convolutions past the first all run in one number of columns (groups); only 1x1 ones mix."""
    rule = "columnar"
    spatial = [(name, operation) for name, operation, _ in _convolutions(spec) if operation.kernel > 1][1:]
    counted = Counter(operation.groups for _, operation in spatial if operation.groups > 1)
    if not counted:
        return (Violation(rule, "network", "no spatial convolution past the first has columns; use groups"),)
    columns = counted.most_common(1)[0][0]
    return tuple(
        Violation(rule, name, f"{operation.groups} columns (groups) where most have {columns}")
        for name, operation in spatial
        if operation.groups != columns
    )


def frozen(where: str, reference: NetworkSpec) -> Constraint:
    """A part is as it is in ``reference``: "stem", "head", a stage ("stages.1") or a block ("stages.1.0").

    Every field that differs is a violation. Raises SpecError where ``reference`` has no such part.
    """
    rule, kept = f"{_FROZEN}{where}", _fields(reference, where)
    if kept is None:
        depths = ", ".join(
            f"stages.{number} with {len(stage.blocks)} rows" for number, stage in enumerate(reference.stages)
        )
        raise SpecError(
            f"{where} cannot be frozen: the network has no such part; it has stem, {depths}, and head. "
            "Rows are counted from 0."
        )

    def check(spec: NetworkSpec) -> tuple[Violation, ...]:
        there = _fields(spec, where)
        if there is None:
            return (Violation(rule, where, "it is frozen, and not there"),)
        return tuple(
            Violation(rule, name, f"{there.get(name, 'nothing')} where {kept.get(name, 'nothing')} is frozen")
            for name in sorted(kept.keys() | there.keys())
            if kept.get(name) != there.get(name)
        )

    return check


def frozen_parts(names: tuple[str, ...]) -> tuple[str, ...]:
    """The parts that constraints of these names freeze."""
    return tuple(name.removeprefix(_FROZEN) for name in names if name.startswith(_FROZEN))


CONSTRAINTS: Final[Mapping[str, Constraint]] = {
    rule.__name__: rule for rule in (no_strided_pointwise, anti_aliased_downsampling, columnar)
}
"""By name, as a violation gives it: those that ask for no other network."""


def constraint_name(text: str) -> str:
    """The name that ``text`` stands for: "frozen:PART", or one of CONSTRAINTS or its beginning.

    Raises UsageError where none or several do.
    """
    wanted = text.strip().lower().replace("-", "_")
    if _FROZEN_NAME.fullmatch(wanted):
        return wanted
    found = [name for name in CONSTRAINTS if wanted and name.startswith(wanted)]
    if len(found) != 1:
        names = ", ".join(name.replace("_", "-") for name in CONSTRAINTS)
        raise UsageError(
            f"--constraint {text}: there is no such constraint; there are {names}, and frozen:PART with a "
            "part such as stem, head, stages.0 or stages.0.1."
        )
    return found[0]


def is_constraint(name: str) -> bool:
    """Whether ``name``, of what refuses networks, is that of a constraint."""
    return name in CONSTRAINTS or name.startswith(_FROZEN)


def constraint(name: str, reference: NetworkSpec | None = None) -> Constraint:
    """The rule of a name that ``constraint_name`` gives; what is frozen is as in ``reference``.

    Raises SpecError where something is frozen that ``reference`` does not have.
    """
    if name in CONSTRAINTS:
        return CONSTRAINTS[name]
    part = name.removeprefix(_FROZEN)
    if reference is None:
        raise SpecError(f"{part} cannot be frozen: there is no network that has it.")
    return frozen(part, reference)


def at_most_parameters(limit: int) -> Constraint:
    """Fewer than ``limit`` parameters."""

    def rule(spec: NetworkSpec) -> tuple[Violation, ...]:
        parameters = sum(operation.parameters for operation in trace_network(spec).operations)
        if parameters < limit:
            return ()
        return (Violation("at_most_parameters", "network", f"{parameters:,} parameters of under {limit:,}"),)

    return rule


def violations(
    spec: NetworkSpec, constraints: tuple[Constraint, ...] = tuple(CONSTRAINTS.values())
) -> tuple[Violation, ...]:
    """All places where ``spec`` breaks one of ``constraints``."""
    return tuple(found for constraint in constraints for found in constraint(spec))


def _fields(spec: NetworkSpec, where: str) -> dict[str, Any] | None:
    """Every field of a part by its place, such as "stages.1.0.width"; None where there is no such part."""
    if where in ("stem", "head"):
        return _places(msgspec.to_builtins(getattr(spec, where)), where)
    _, stage, *block = where.split(".")
    if int(stage) >= len(spec.stages):
        return None
    blocks = {f"stages.{stage}.{number}": each for number, each in enumerate(spec.stages[int(stage)].blocks)}
    if block:
        blocks = {name: each for name, each in blocks.items() if name == where}
    found: dict[str, Any] = {}
    for name, each in blocks.items():
        found |= _places(msgspec.to_builtins(each), name)
    return found or None


def _places(values: dict[str, Any], where: str) -> dict[str, Any]:
    return {f"{where}.{name}": value for name, value in values.items()}


def _convolutions(spec: NetworkSpec) -> Iterator[tuple[str, Operation, bool]]:
    """Each with its layer's name, and whether it shrinks the grid."""
    graph = Graph(Shape(spec.input.channels, _LARGE, _LARGE), "stem")
    x = trace_stem(spec.stem, graph, 0)
    parts = [("stem", len(graph.operations))]
    for number, stage in enumerate(spec.stages):
        for position, block in enumerate(stage.blocks):
            graph.where = f"stages.{number}.{position}"
            x = trace_block(block, graph, x)
            parts.append((graph.where, len(graph.operations)))
    graph.where = "head"
    trace_head(spec.head, spec.classes, graph, x)
    parts.append(("head", len(graph.operations)))
    start = 0
    for where, end in parts:
        for operation in graph.operations[start:end]:
            if operation.kind == "convolution":
                before = graph.shape(operation.inputs[0])
                yield f"{where}.{operation.name}", operation, operation.shape.height < before.height
        start = end
