"""What every block honours. A new block joins by being a member of ``BlockSpec``: nothing here changes.

Each kind is tried with every value of each of its switches, once keeping its shape (identity shortcut) and
once halving the grid and changing the width (projected shortcut), but for switches that know no grid.
"""

from __future__ import annotations

import copy
import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec
import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import attendnets.blocks
from attendnets.blocks import Block, build_block, trace_block
from attendnets.cost import CostRow, cost
from attendnets.errors import SpecError
from attendnets.graph import Graph, Shape
from attendnets.networks.assemble import Network, assemble
from attendnets.spec import BlockSpec, InputSpec, NetworkSpec, StageSpec, StemSpec

KINDS: tuple[type[Any], ...] = get_args(BlockSpec)
OTHER_INTEGERS = (1, 2)
"""Besides their defaults, integers with a default (groups, multipliers) are tried at these."""
POINTWISE = ("activation", "gate")
"""Switches that act on each value alone: the same for any shape."""


class Case(NamedTuple):
    name: str
    in_channels: int
    spec: BlockSpec
    resized: bool = False
    """Whether the switch tried is a number (kernel, groups): other weights, the same operators."""


def switches(kind: type[Any]) -> Iterator[tuple[str, Any]]:
    """Every value of every field that has a default."""
    hints = get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        hint = hints[field.name]
        if field.required or field.name == "stride":
            continue
        if get_origin(hint) is Literal:
            values: tuple[Any, ...] = get_args(hint)
        elif hint is bool:
            values = (False, True)
        else:
            assert hint is int, f"{kind.__name__}.{field.name}: teach this suite about {hint}"
            values = OTHER_INTEGERS
        yield from ((field.name, value) for value in values if value != field.default)


def cases() -> Iterator[Case]:
    for kind in KINDS:
        tag = kind.__struct_config__.tag
        required = {f.name: 16 for f in msgspec.structs.fields(kind) if f.required}
        for form, in_channels, stride in (("same", 16, 1), ("halved", 12, 2)):
            yield Case(f"{tag}-{form}", in_channels, kind(**required, stride=stride))
            for name, value in switches(kind):
                if (name == "downsample" and stride == 1) or (name in POINTWISE and stride == 2):
                    continue
                spec = kind(**required, stride=stride, **{name: value})
                resized = isinstance(value, int) and not isinstance(value, bool)
                yield Case(f"{tag}-{form}-{name}={value}", in_channels, spec, resized)


CASES = tuple(cases())
CASE_OF = {type(case.spec): case for case in reversed(CASES) if case.name.endswith("-same")}
pytestmark = pytest.mark.usefixtures("one_thread", "seeded")
every_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
every_kind = pytest.mark.parametrize("kind", KINDS, ids=[kind.__struct_config__.tag for kind in KINDS])


@pytest.fixture
def seeded() -> None:
    torch.manual_seed(0)


def network_around(case: Case, size: tuple[int, int] = (16, 16)) -> NetworkSpec:
    """A network whose only block is the case's; its grid is half of ``size``."""
    return NetworkSpec(
        input=InputSpec(channels=3, height=size[0], width=size[1]),
        stem=StemSpec(width=case.in_channels),
        stages=(StageSpec(blocks=(case.spec,)),),
        classes=3,
    )


@cache
def block_row(case: Case) -> CostRow:
    return cost(network_around(case)).rows[1]


@cache
def trained_network(case: Case) -> Network:
    """Statistics, norms and scales as training would leave them: none at its neutral start."""
    network = assemble(network_around(case)).train()
    with torch.no_grad():
        for part in network.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.momentum = None  # the statistics of the one batch below
                part.weight.uniform_(0.5, 1.5)
                part.bias.normal_(0, 0.3)
            scale = getattr(part, "scale", None)
            if isinstance(scale, nn.Parameter):
                scale.uniform_(0.5, 2)
        network(torch.rand(8, 3, 16, 16) * 255)
    return network.eval()


def trained(case: Case) -> Block:
    block = trained_network(case).get_submodule("stages.0.0")
    assert isinstance(block, Block)
    return block


def parameters_of(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@every_kind
def test_every_kind_has_a_block_and_switches_to_try(kind: type[Any]) -> None:
    tried = [case for case in CASES if isinstance(case.spec, kind)]
    assert len(tried) > 2
    assert type(build_block(16, tried[0].spec)).spec_type is kind


def test_kinds_have_names_of_their_own() -> None:
    assert len({kind.__struct_config__.tag for kind in KINDS}) == len(KINDS)


@every_kind
def test_the_same_seed_makes_the_same_block(kind: type[Any]) -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(5)
        states.append(build_block(16, CASE_OF[kind].spec).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@every_kind
def test_an_image_does_not_see_the_others_of_its_batch(kind: type[Any]) -> None:
    block = trained(CASE_OF[kind])
    x = torch.randn(3, 16, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(block(x)[1:2], block(x[1:2]), rtol=1e-4, atol=1e-5)


@every_case
def test_its_cost_is_counted_exactly(case: Case) -> None:
    block = build_block(case.in_channels, case.spec)
    row = block_row(case)
    assert row.parameters == parameters_of(block)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        out = block(torch.randn(1, *row.in_shape))
    assert row.macs == counter.get_total_flops() / 2
    assert row.out_shape == tuple(out.shape[1:])
    assert row.activation_bytes >= max(row.in_shape.elements, row.out_shape.elements)


@every_case
def test_any_grid_gives_the_traced_shape(case: Case) -> None:
    block = trained(case)
    for height, width in ((7, 9), (6, 5), (3, 2)):
        graph = Graph(Shape(case.in_channels, height, width))
        traced = graph.shape(trace_block(case.spec, graph, 0))
        out = block(torch.randn(2, case.in_channels, height, width))
        assert tuple(out.shape) == (2, *traced)
        assert traced == (case.spec.width, -(-height // case.spec.stride), -(-width // case.spec.stride))


@every_case
def test_a_grid_of_one_pixel_works_or_is_refused_by_name(case: Case) -> None:
    spec = network_around(case, (1, 1))
    try:
        shape = cost(spec).rows[1].out_shape
    except SpecError as refusal:
        assert "stages.0.0" in str(refusal) and "larger image" in str(refusal)
        with pytest.raises(SpecError, match=r"stages\.0\.0"):
            assemble(spec)
        return
    assert shape == (case.spec.width, 1, 1)
    assert assemble(spec).eval()(torch.zeros(1, 3, 1, 1)).shape == (1, 3)


@every_case
def test_folding_changes_nothing_but_the_operations(case: Case) -> None:
    network = copy.deepcopy(trained_network(case)).double()
    folded = network.fold()
    pixels = torch.randint(0, 256, (2, 3, 18, 14)).double()  # an odd grid: 9 x 7
    with torch.no_grad():
        torch.testing.assert_close(folded(pixels), network(pixels), rtol=1e-9, atol=1e-9)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in folded.modules())
    assert any(isinstance(part, nn.BatchNorm2d) for part in network.modules())

    block = folded.get_submodule("stages.0.0")
    biases = sum(p.numel() for name, p in block.named_parameters() if name.endswith("bias"))
    assert block_row(case).weights_bytes == parameters_of(block) - biases + 4 * biases


@every_case
def test_a_gradient_reaches_every_parameter(case: Case) -> None:
    block = trained(case)
    out = block(torch.randn(2, case.in_channels, 8, 8))
    names, parameters = zip(*block.named_parameters(), strict=True)
    gradients = torch.autograd.grad((out * torch.randn_like(out)).sum(), parameters)
    for name, gradient in zip(names, gradients, strict=True):
        assert torch.isfinite(gradient).all(), name
        assert gradient.abs().max() > 0, name


def attends(spec: BlockSpec) -> bool:
    return hasattr(spec, "gate") and getattr(spec, "attention", True)


@every_case
def test_attention_matters_where_there_is_attention(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attention values that are the same everywhere in the image change what the block computes."""
    block = trained(case)
    x = torch.randn(2, case.in_channels, 8, 8)
    with torch.no_grad():
        selective = block(x)
        for module in pkgutil.iter_modules(attendnets.blocks.__path__):
            imported = importlib.import_module(f"attendnets.blocks.{module.name}")
            gate = getattr(imported, "apply_gate", None)
            if gate is not None:

                def even(name: Any, values: Tensor, gate: Any = gate) -> Tensor:
                    attention: Tensor = gate(name, values)
                    return attention.mean((2, 3), keepdim=True).expand_as(attention)

                monkeypatch.setattr(imported, "apply_gate", even)
        ablated = block(x)
    change = (selective - ablated).square().mean() / selective.square().mean()
    assert (change > 1e-4) == attends(case.spec), f"relative change {change:.2g}"


@every_case
def test_the_signal_keeps_its_size_at_initialisation(case: Case) -> None:
    """Softmax over C channels scales a product by about 1 / C: that factor is taken out."""
    network = assemble(network_around(case)).train()
    with torch.no_grad():
        out = network.stages(torch.randn(8, case.in_channels, 16, 16))
    size = out.var().item()
    if getattr(case.spec, "gate", None) == "softmax" and attends(case.spec) and not _has_bypass(case.spec):
        size *= case.spec.width**2
    assert 0.03 < size < 10


def _has_bypass(spec: BlockSpec) -> bool:
    """Whether something of size 1 is added to the attended product."""
    return spec.shortcut and type(spec).__name__ != "DoubleCondenserSpec"


@every_kind
def test_every_operator_exports(kind: type[Any]) -> None:
    """Many blocks in one network, so that exporting takes seconds; six halvings hold every downsampling."""
    specs = [case.spec for case in CASES if isinstance(case.spec, kind) and not case.resized]
    same = tuple(s for s in specs if s.stride == 1)
    halving = tuple(s for s in specs if s.stride == 2)[:6]
    spec = NetworkSpec(
        input=InputSpec(channels=3, height=65, width=70),
        stem=StemSpec(width=16),
        stages=(StageSpec(blocks=same + halving),),
        classes=3,
    )
    network = assemble(spec).eval()
    pixels = torch.rand(1, 3, 65, 70) * 255
    program = torch.export.export(network, (pixels,), strict=False)
    with torch.no_grad():
        torch.testing.assert_close(program.module()(pixels), network(pixels))
