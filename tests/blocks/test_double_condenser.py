"""DC-AC as released: the gate is a softmax over channels, the product has no residual."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attendnets.blocks import build_block, trace_block
from attendnets.errors import SpecError
from attendnets.graph import Graph, Shape
from attendnets.spec import DoubleCondenserSpec

pytestmark = pytest.mark.usefixtures("one_thread")
NORM = (1 + 1e-5) ** -0.5


def weights(block: nn.Module) -> list[Tensor]:
    """In order of definition: reduce (bottleneck), embed 0, embed 1, project."""
    return [m.weight for m in block.modules() if isinstance(m, nn.Conv2d)]


def test_basic_form_is_the_released_one() -> None:
    block = build_block(8, DoubleCondenserSpec(width=12, inner=12, stride=2)).eval()
    first, second, project = weights(block)
    x = torch.randn(2, 8, 10, 10)
    condensed = F.avg_pool2d(x, 2, 2)
    f = F.silu(F.conv2d(condensed, first, padding=1, groups=4) * NORM)
    f = F.conv2d(f, second, padding=1, groups=4) * NORM
    d = F.conv2d(condensed, project) * NORM
    gate = f.exp() / f.exp().sum(1, keepdim=True)
    torch.testing.assert_close(block(x), F.silu(gate * d))


def test_bottleneck_form_condenses_between_its_first_two_convolutions() -> None:
    spec = DoubleCondenserSpec(width=16, inner=8, form="bottleneck", stride=2)
    block = build_block(12, spec).eval()
    reduce, columns, expand, project = weights(block)
    x = torch.randn(2, 12, 10, 10)
    f = F.avg_pool2d(F.silu(F.conv2d(x, reduce) * NORM), 2, 2)
    f = F.silu(F.conv2d(f, columns, padding=1, groups=4) * NORM)
    f = F.conv2d(f, expand) * NORM
    d = F.conv2d(F.avg_pool2d(x, 2, 2), project) * NORM
    torch.testing.assert_close(block(x), F.silu(torch.softmax(f, 1) * d))


def test_without_attention_the_paths_are_added() -> None:
    block = build_block(8, DoubleCondenserSpec(width=8, inner=8, attention=False)).eval()
    first, second = weights(block)
    x = torch.randn(2, 8, 5, 5)
    f = F.silu(F.conv2d(x, first, padding=1, groups=4) * NORM)
    f = F.conv2d(f, second, padding=1, groups=4) * NORM
    torch.testing.assert_close(block(x), F.silu(f + x))


def test_attention_always_projects_its_value_path() -> None:
    same_shape = DoubleCondenserSpec(width=8, inner=8)
    assert len(weights(build_block(8, same_shape))) == 3


@pytest.mark.parametrize("downsample", ["average", "blur", "max"])
@pytest.mark.parametrize("form", ["basic", "bottleneck"])
def test_no_convolution_is_strided_where_downsampling_is_anti_aliased(form: str, downsample: str) -> None:
    spec = DoubleCondenserSpec(
        width=8,
        inner=8,
        stride=2,
        form=form,  # type: ignore[arg-type]
        downsample=downsample,  # type: ignore[arg-type]
    )
    convs = [m for m in build_block(8, spec).modules() if isinstance(m, nn.Conv2d)]
    assert {c.stride for c in convs} == {(1, 1)}


def test_costs_of_the_basic_form_worked_out_by_hand() -> None:
    """8 channels on 8x8, condensed to 4x4; 8 then 12 channels in 4 columns; 1x1 projection to 12."""
    graph = Graph(Shape(8, 8, 8))
    trace_block(DoubleCondenserSpec(width=12, inner=8, stride=2, activation="relu"), graph, 0)
    first, second, project = (8 // 4) * 8 * 9, (8 // 4) * 12 * 9, 8 * 12
    assert (first, second, project) == (144, 216, 96)
    assert sum(o.weights for o in graph.operations) == 456
    assert sum(o.parameters for o in graph.operations) == 456 + 2 * (8 + 12 + 12)
    assert sum(o.macs for o in graph.operations) == 16 * 456
    x, condensed, inner, wide = 8 * 64, 8 * 16, 8 * 16, 12 * 16
    assert graph.live_bytes() == [
        x + condensed,
        condensed + inner,
        condensed + inner + wide,
        condensed + wide + wide,  # the gate, while the value path waits
        condensed + wide + wide,  # the projection
        wide + wide + wide,  # the product
    ]


def test_costs_of_the_bottleneck_worked_out_by_hand() -> None:
    """The reduction runs on the input's grid of 8x8, all else on 4x4."""
    graph = Graph(Shape(8, 8, 8))
    spec = DoubleCondenserSpec(width=16, inner=8, form="bottleneck", stride=2, activation="relu")
    trace_block(spec, graph, 0)
    reduce, columns, expand, project = 8 * 8, (8 // 4) * 8 * 9, 8 * 16, 8 * 16
    assert sum(o.macs for o in graph.operations) == 64 * reduce + 16 * (columns + expand + project)
    assert sum(o.macs for o in graph.operations) == 10_496
    assert sum(o.parameters for o in graph.operations) == 464 + 2 * (8 + 8 + 16 + 16)


def test_nothing_is_condensed_for_a_value_path_that_is_not_there() -> None:
    graph = Graph(Shape(8, 8, 8))
    spec = DoubleCondenserSpec(
        width=8, inner=8, form="bottleneck", stride=2, attention=False, shortcut=False, activation="relu"
    )
    trace_block(spec, graph, 0)
    assert [o.kind for o in graph.operations] == ["convolution", "pool", "convolution", "convolution"]


def test_widths_that_do_not_make_whole_columns_are_refused() -> None:
    with pytest.raises(SpecError, match=r"embed\.0: groups of 4 .* 10 output channels"):
        trace_block(DoubleCondenserSpec(width=12, inner=10), Graph(Shape(8, 8, 8)), 0)
