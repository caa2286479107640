"""The graph of operations has torch's shapes, the papers' counts, and bytes that are right by hand."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from attendnets.errors import SpecError
from attendnets.graph import Graph, Shape, halved

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("groups", [1, 2])
def test_a_convolution_has_the_shape_and_weights_of_torchs(kernel: int, stride: int, groups: int) -> None:
    module = nn.Conv2d(4, 6, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False)
    for height, width in ((1, 1), (2, 3), (7, 8), (12, 5)):
        graph = Graph(Shape(4, height, width))
        graph.convolution(0, 6, kernel, name="conv", stride=stride, groups=groups)
        out = module(torch.zeros(1, 4, height, width))
        (operation,) = graph.operations
        assert operation.shape == tuple(out.shape[1:])
        assert operation.weights == module.weight.numel()
        assert operation.macs == module.weight.numel() * out.shape[2] * out.shape[3]


def test_a_convolutions_norm_has_two_parameters_a_channel_and_a_bias_one() -> None:
    graph = Graph(Shape(3, 4, 4))
    graph.convolution(0, 8, 3, name="normed")
    graph.convolution(0, 8, 3, name="biased", norm=False)
    normed, biased = graph.operations
    assert (normed.parameters, biased.parameters) == (3 * 8 * 9 + 16, 3 * 8 * 9 + 8)
    assert normed.biases == biased.biases == 8


@pytest.mark.parametrize("size", range(1, 10))
def test_halving_rounds_up_as_torchs_padded_and_ceiled_layers_do(size: int) -> None:
    x = torch.zeros(1, 1, size, size)
    assert halved(size) == F.conv2d(x, torch.zeros(1, 1, 3, 3), stride=2, padding=1).shape[-1]
    assert halved(size) == F.max_pool2d(x, 2, 2, ceil_mode=True).shape[-1]
    assert halved(size) == F.max_pool2d(x, 3, 2, 1).shape[-1]
    assert halved(size, 1) == size


@pytest.mark.parametrize(("size", "stride"), [(2, 1), (2, 2), (3, 2)])
def test_an_unpadded_window_has_the_shape_of_torchs(size: int, stride: int) -> None:
    for height, width in ((3, 3), (6, 7)):
        graph = Graph(Shape(2, height, width))
        graph.window(0, size, name="window", stride=stride)
        assert graph.shape(1) == tuple(F.avg_pool2d(torch.zeros(2, height, width), size, stride).shape)


def test_only_convolutions_and_linear_layers_cost_multiply_adds() -> None:
    graph = Graph(Shape(4, 6, 6))
    pooled = graph.pool(0, name="pool")
    padded = graph.pad(pooled, 1, name="pad")
    graph.window(padded, 2, name="window")
    up = graph.resize(pooled, 0, name="resize")
    gated = graph.gate(up, name="gate")
    product = graph.multiply(gated, 0, name="multiply", parameters=1)
    total = graph.add(product, 0, name="add")
    normed = graph.affine(total, name="norm")
    mean = graph.mean(normed, name="mean")
    assert sum(operation.macs for operation in graph.operations) == 0
    graph.linear(mean, 10, name="linear")
    assert graph.operations[-1].macs == 40
    assert {o.name: o.parameters for o in graph.operations if o.parameters} == {
        "multiply": 1,
        "norm": 8,
        "linear": 50,
    }
    assert [graph.shape(t) for t in (pooled, padded, up, total, mean)] == [
        (4, 3, 3),
        (4, 5, 5),
        (4, 6, 6),
        (4, 6, 6),
        (4, 1, 1),
    ]


def test_a_chain_holds_the_input_and_output_of_each_layer() -> None:
    graph = Graph(Shape(1, 4, 4))  # 16 bytes
    a = graph.convolution(0, 2, 3, name="a")  # 32
    b = graph.convolution(a, 3, 3, name="b", stride=2)  # 12
    graph.mean(b, name="c")  # 3
    assert graph.live_bytes() == [16 + 32, 32 + 12, 12 + 3]


def test_a_shortcut_keeps_the_input_alive() -> None:
    graph = Graph(Shape(2, 4, 4))  # x: 32 bytes, waits for the addition
    a = graph.convolution(0, 4, 1, name="a")  # 64
    b = graph.convolution(a, 2, 1, name="b")  # 32
    c = graph.add(b, 0, name="add")  # 32
    graph.mean(c, name="mean")  # 2
    assert graph.live_bytes() == [32 + 64, 32 + 64 + 32, 32 + 32 + 32, 32 + 2]


def test_a_tensor_that_is_read_twice_lives_until_its_last_reader() -> None:
    graph = Graph(Shape(1, 2, 2))  # 4 bytes
    v = graph.convolution(0, 4, 1, name="v")  # 16
    pooled = graph.pool(v, name="pool")  # 4
    up = graph.resize(pooled, v, name="up")  # 16; the resize does not read v, only its shape
    graph.multiply(v, up, name="product")  # 16
    assert graph.live_bytes() == [4 + 16, 16 + 4, 16 + 4 + 16, 16 + 16 + 16]


def test_a_tensor_that_nobody_reads_is_freed_at_once() -> None:
    graph = Graph(Shape(1, 2, 2))
    graph.convolution(0, 8, 1, name="unread")  # 32
    graph.convolution(0, 1, 1, name="read")  # 4
    assert graph.live_bytes() == [4 + 32, 4 + 4]


@pytest.mark.parametrize(("channels", "width"), [(6, 8), (8, 6)])
def test_groups_that_do_not_divide_are_refused_by_layer_name(channels: int, width: int) -> None:
    graph = Graph(Shape(channels, 4, 4), where="stages.1.0")
    with pytest.raises(SpecError, match=rf"stages\.1\.0\.embed: groups of 4 .* {channels} .* {width} "):
        graph.convolution(0, width, 3, name="embed", groups=4)


def test_a_grid_that_shrinks_to_nothing_is_refused_by_layer_name() -> None:
    with pytest.raises(SpecError, match=r"stem\.window: .* larger image"):
        Graph(Shape(3, 2, 1), where="stem").window(0, 2, name="window")


def test_a_grid_too_small_to_be_reflected_is_refused_by_layer_name() -> None:
    with pytest.raises(SpecError, match=r"stages\.2\.0\.down\.pad: a grid of 4x1 .* larger image"):
        Graph(Shape(3, 4, 1), where="stages.2.0").pad(0, 1, name="down.pad")
