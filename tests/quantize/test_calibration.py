"""Ranges are chosen from what the network really sees, by the rule that costs its logits least."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from attendnets.errors import QuantizationError
from attendnets.quantize import prepare, quantize_post_training
from attendnets.quantize.calibration import calibrate, least_squares, min_max, percentile
from attendnets.quantize.grids import ActivationGrid, Mode, activation_grids, set_mode
from tests.quantize.networks import EveryOperator, every_operator


def watched(values: torch.Tensor) -> ActivationGrid:
    grid = ActivationGrid()
    for mode in (Mode.RANGE, Mode.HISTOGRAM):
        grid.mode = mode
        grid(values)
    return grid


def error(values: torch.Tensor, ends: tuple[float, float]) -> float:
    grid = ActivationGrid()
    grid.cover(*ends)
    grid.mode = Mode.QUANTIZE
    return float((grid(values) - values).square().mean())


def test_the_least_squares_range_gives_up_a_lone_outlier() -> None:
    values = torch.cat(
        [torch.randn(100_000, generator=torch.Generator().manual_seed(0)), torch.tensor([40.0])]
    )
    low, high = least_squares(watched(values))
    assert high < 38
    assert error(values, (low, high)) < error(values, min_max(watched(values)))


def test_the_least_squares_range_keeps_everything_of_evenly_spread_values() -> None:
    low, high = least_squares(watched(torch.linspace(-1, 3, 10_000)))
    assert low == pytest.approx(-1, abs=0.05) and high == pytest.approx(3, abs=0.05)


def test_the_percentile_range_leaves_out_the_rarest_values_alone() -> None:
    values = torch.cat([torch.rand(500_000, generator=torch.Generator().manual_seed(0)), torch.tensor([9.0])])
    low, high = percentile(watched(values))
    assert low == 0.0 and high == pytest.approx(1.0, abs=0.02)


def test_a_tensor_that_never_leaves_zero_has_an_empty_range() -> None:
    grid = watched(torch.zeros(100))
    assert least_squares(grid) == percentile(grid) == min_max(grid) == (0.0, 0.0)


@pytest.mark.usefixtures("one_thread")
def test_the_rule_kept_is_the_one_whose_logits_stay_closest_to_float() -> None:
    network, table = every_operator()
    program = prepare(network)
    images = torch.from_numpy(table.pixels).permute(0, 3, 1, 2).float()
    found = calibrate(program, [images])
    with torch.no_grad():
        quantized = program(images)
        set_mode(program, Mode.PASS)
        wanted = program(images)
    torch.testing.assert_close(wanted, network(images), atol=1e-4, rtol=1e-4)
    assert float((quantized - wanted).square().mean().sqrt() / wanted.std()) == pytest.approx(found.error)
    assert found.error < 0.1 and found.images == 32
    for rule in (least_squares, percentile, min_max):
        set_mode(program, Mode.RANGE)
        for grid in activation_grids(program).values():
            grid.forget()
        with torch.no_grad():
            program(images)
            set_mode(program, Mode.HISTOGRAM)
            program(images)
            for grid in activation_grids(program).values():
                grid.cover(*rule(grid))
            set_mode(program, Mode.QUANTIZE)
            error = float((program(images) - wanted).square().mean().sqrt() / wanted.std())
        assert found.error <= error + 1e-6


def test_a_network_whose_logits_are_not_finite_is_refused() -> None:
    network, table = every_operator()
    with torch.no_grad():
        network.linear.weight[0, 0] = np.inf
    with pytest.raises(QuantizationError, match="not finite"):
        quantize_post_training(network, table)
    assert isinstance(network, EveryOperator)
