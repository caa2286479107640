"""Halving the grid: what each way computes, and that none has a weight."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from attendnets.blocks.downsample import BlurPool, downsample, pool2x2, trace_downsample
from attendnets.errors import SpecError
from attendnets.graph import Graph, Shape
from attendnets.spec import ConvolutionSpec, Downsample

pytestmark = pytest.mark.usefixtures("one_thread")
WAYS: tuple[Downsample, ...] = get_args(Downsample)
GRID = torch.tensor([[[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]]]])


def depthwise_binomial(x: Tensor) -> Tensor:
    """Zhang's BlurPool as published: a depthwise 3x3 convolution on reflected borders, stride 2."""
    row = torch.tensor([1.0, 2.0, 1.0], dtype=x.dtype)
    channels = x.shape[1]
    weight = (torch.outer(row, row) / 16).expand(channels, 1, 3, 3)
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), weight, stride=2, groups=channels)


@pytest.mark.parametrize("size", [(8, 8), (7, 7), (5, 6), (2, 3), (2, 2)])
def test_blur_is_the_binomial_filter_with_reflected_borders(size: tuple[int, int]) -> None:
    x = torch.randn(2, 3, *size, dtype=torch.float64)
    torch.testing.assert_close(BlurPool()(x), depthwise_binomial(x))


def test_blur_keeps_a_flat_image_flat_and_removes_the_finest_checkerboard() -> None:
    flat = torch.full((1, 1, 6, 6), 7.0)
    torch.testing.assert_close(BlurPool()(flat), torch.full((1, 1, 3, 3), 7.0))
    rows, columns = torch.meshgrid(torch.arange(6), torch.arange(6), indexing="ij")
    checkerboard = ((rows + columns) % 2 * 2.0 - 1.0)[None, None]
    torch.testing.assert_close(BlurPool()(checkerboard), torch.zeros(1, 1, 3, 3))


def test_a_shift_of_one_pixel_changes_an_edge_the_less_the_better_it_is_filtered() -> None:
    edge = (torch.arange(16) > 8).float().expand(1, 1, 16, 16)
    shifted = edge.roll(1, dims=3)

    def change(way: Downsample) -> float:
        pool = pool2x2(way)
        difference: Tensor = pool(edge) - pool(shifted)
        return difference.abs()[..., 1:-1].max().item()

    assert change("blur") < change("average") < change("max")


def test_average_and_maximum_of_whole_and_of_cut_windows() -> None:
    torch.testing.assert_close(
        pool2x2("average")(GRID), torch.tensor([[[[3.5, 5.5], [9.5, 11.5]]]])
    )  # the last row's windows hold two pixels, not four
    torch.testing.assert_close(pool2x2("max")(GRID), torch.tensor([[[[6.0, 8.0], [10.0, 12.0]]]]))


def test_strides_are_left_to_the_convolution() -> None:
    spec = ConvolutionSpec(width=4, stride=2, downsample="stride")
    x = torch.randn(1, 4, 6, 6)
    assert torch.equal(downsample(spec)(x), x)
    assert trace_downsample(spec, Graph(Shape(4, 6, 6)), 0) == 0


@pytest.mark.parametrize("way", WAYS)
def test_stride_one_pools_nothing(way: Downsample) -> None:
    spec = ConvolutionSpec(width=4, stride=1, downsample=way)
    x = torch.randn(1, 4, 6, 6)
    assert torch.equal(downsample(spec)(x), x)
    assert trace_downsample(spec, Graph(Shape(4, 6, 6)), 0) == 0


@pytest.mark.parametrize("way", [way for way in WAYS if way != "stride"])
@pytest.mark.parametrize("size", [(8, 8), (7, 4), (3, 2)])
def test_halving_is_free_and_rounds_up(way: Downsample, size: tuple[int, int]) -> None:
    spec = ConvolutionSpec(width=4, stride=2, downsample=way)
    module = downsample(spec)
    graph = Graph(Shape(4, *size))
    out = trace_downsample(spec, graph, 0)
    assert graph.shape(out) == tuple(module(torch.zeros(1, 4, *size)).shape[1:])
    assert graph.shape(out) == (4, (size[0] + 1) // 2, (size[1] + 1) // 2)
    assert sum(o.macs + o.parameters + o.weights for o in graph.operations) == 0
    assert list(module.parameters()) == []


def test_blurring_holds_the_padded_copy_in_memory() -> None:
    graph = Graph(Shape(1, 4, 4))
    trace_downsample(ConvolutionSpec(width=1, stride=2, downsample="blur"), graph, 0)
    # 4x4 padded to 6x6, averaged to 5x5, averaged and halved to 2x2.
    assert graph.live_bytes() == [16 + 36, 36 + 25, 25 + 4]


def test_one_pixel_cannot_be_blurred() -> None:
    spec = ConvolutionSpec(width=4, stride=2, downsample="blur")
    with pytest.raises(SpecError, match="larger image"):
        trace_downsample(spec, Graph(Shape(4, 1, 8)), 0)
