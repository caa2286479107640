"""Grids hold zero exactly, cover what they are told to, and never ask for an impossible bias."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attendnets.quantize.grids import ActivationGrid, Mode, PerChannelWeightGrid, affine_grid, weight_scales

reals = st.floats(-1e4, 1e4, allow_nan=False, width=32)


@given(reals, reals)
def test_a_grid_holds_zero_exactly_and_covers_its_range(one: float, other: float) -> None:
    low, high = min(one, other, 0.0), max(one, other, 0.0)
    scale, zero_point = affine_grid(low, high)
    assert scale > 0 and -128 <= zero_point <= 127
    # Half a step is lost at either end where zero has to fall on a step.
    assert (-128 - zero_point) * scale <= low + 0.51 * scale
    assert (127 - zero_point) * scale >= high - 0.51 * scale


def test_values_of_one_sign_use_all_steps() -> None:
    assert affine_grid(0.0, 255.0) == (1.0, -128)
    assert affine_grid(-255.0, 0.0) == (1.0, 127)


def test_a_tensor_of_zeros_has_an_ordinary_grid() -> None:
    """A scale of next to nothing would ask the next layer's bias for more than 32 bits."""
    assert affine_grid(0.0, 0.0) == affine_grid(0.0, 1e-9) == affine_grid(0.0, 1.0)


def test_an_idle_grid_changes_nothing_and_a_quantizing_one_lets_gradients_through() -> None:
    grid = ActivationGrid()
    grid.cover(-1.0, 1.0)
    x = torch.tensor([-3.0, -0.501, 0.0, 0.251, 3.0], requires_grad=True)
    assert grid(x) is x
    grid.mode = Mode.QUANTIZE
    y = grid(x)
    torch.testing.assert_close(y, torch.tensor([-1.0, -0.501, 0.0, 0.251, 1.0]), atol=0.004, rtol=0)
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]


def test_each_output_channel_of_a_weight_has_its_own_scale() -> None:
    weight = torch.tensor([[1.27, -0.5], [0.0127, 0.01], [-12.7, 3.0]])
    torch.testing.assert_close(weight_scales(weight), torch.tensor([0.01, 0.0001, 0.1]))


def test_an_all_but_dead_channel_keeps_its_bias_within_32_bits() -> None:
    weight = torch.stack([torch.ones(9), torch.full((9,), 1e-12), torch.zeros(9)])
    scales = weight_scales(weight)
    assert scales[1] == scales[2] == scales[0] / 1024
    assert (5.0 / (0.001 * scales) < 2**31).all()
    assert torch.isfinite(weight_scales(torch.zeros(4, 3))).all()


def test_scales_follow_the_weight_of_the_moment() -> None:
    grid = PerChannelWeightGrid()
    grid.mode = Mode.QUANTIZE
    grid(torch.ones(2, 1, 1, 1))
    first = grid.scale.clone()
    grid(torch.ones(2, 1, 1, 1) * 3)
    torch.testing.assert_close(grid.scale, first * 3)


@pytest.mark.parametrize("mode", [Mode.RANGE, Mode.HISTOGRAM])
def test_watching_leaves_values_alone(mode: Mode) -> None:
    grid = ActivationGrid()
    grid.seen_low, grid.seen_high = -1.0, 1.0
    grid.mode = mode
    x = torch.linspace(-2, 2, 9)
    assert grid(x) is x
