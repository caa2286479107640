"""Choosing the activation grids of a prepared program from images, without training.

A range that covers every value wastes steps on outliers, one that cuts too much loses them. Which of three
rules costs least depends on the network, so all three are tried on the calibration images and the one whose
logits stay closest to the float program's is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from attendnets.errors import QuantizationError
from attendnets.quantize.annotator import WEIGHTED, attribute
from attendnets.quantize.grids import (
    ACTIVATION_MAX,
    ACTIVATION_MIN,
    ActivationGrid,
    Mode,
    activation_grids,
    set_mode,
    weight_scales,
)
from attendnets.quantize.record import RangeRule

Range: TypeAlias = tuple[float, float]

CUT_SHARE = 1e-5
_SHRINKS = torch.linspace(0.3, 1.0, 36, dtype=torch.float64)
_ROWS = 128
# A layer's sums are whole multiples of input scale x weight scale. An output grid much finer than that holds
# nothing more, and XNNPACK refuses the whole file from 2**-8 on.
FINEST_OUTPUT = 2.0**-6


@dataclass(frozen=True)
class Calibration:
    """The rule that was kept and its root mean squared logit error as a share of the logits' spread."""

    rule: RangeRule
    error: float
    images: int


def calibrate(program: GraphModule, batches: Sequence[Tensor]) -> Calibration:
    """Choose every activation grid of ``program`` from float32 pixel ``batches`` (B, C, H, W).

    Leaves the program quantizing. Raises QuantizationError where the network's values are not finite.
    """
    logits = _observe(program, batches)
    if not torch.isfinite(logits).all():
        raise QuantizationError(
            "The float network gives logits that are not finite on its training images, so it has no value "
            "ranges to quantize. Train it again at a lower rate."
        )
    tried: list[tuple[float, RangeRule, dict[str, Range]]] = []
    set_mode(program, Mode.QUANTIZE)
    for rule, choose in _RULES.items():
        ranges = {name: choose(grid) for name, grid in activation_grids(program).items()}
        _apply(program, ranges)
        error = (_logits(program, batches) - logits).square().mean().sqrt() / logits.std().clamp_min(1e-9)
        tried.append((float(error), rule, ranges))
    error_kept, rule_kept, ranges_kept = min(tried, key=lambda trial: trial[0])
    _apply(program, ranges_kept)
    for grid in activation_grids(program).values():
        grid.forget()
    return Calibration(rule_kept, error_kept, sum(len(batch) for batch in batches))


def _observe(program: GraphModule, batches: Sequence[Tensor]) -> Tensor:
    """Extremes, then histograms between them; returns the float logits."""
    for grid in activation_grids(program).values():
        grid.forget()
    set_mode(program, Mode.RANGE)
    logits = _logits(program, batches)
    set_mode(program, Mode.HISTOGRAM)
    _logits(program, batches)
    return logits


def _logits(program: GraphModule, batches: Sequence[Tensor]) -> Tensor:
    with torch.no_grad():
        return torch.cat([program(batch) for batch in batches])


def _apply(program: GraphModule, ranges: Mapping[str, Range]) -> None:
    for name, grid in activation_grids(program).items():
        grid.cover(*ranges[name])
    for node in program.graph.nodes:
        if node.target in WEIGHTED:
            _bound(program, node)


def _bound(program: GraphModule, layer: Node) -> None:
    """Make the grid of what ``layer`` gives, where it is finer, one that its sums can fill."""
    source, weight, after = layer.args[0], layer.args[1], layer
    while after.op != "call_module":  # past the activation that is fused into the layer
        after = next(iter(after.users))
    grid = program.get_submodule(str(after.target))
    assert isinstance(source, Node) and isinstance(weight, Node) and isinstance(grid, ActivationGrid)
    scale = program.get_submodule(str(source.target)).scale
    assert isinstance(scale, Tensor)
    unit = float(scale) * float(weight_scales(attribute(program, weight.args[0]).detach()).max())
    grid.scale.clamp_(min=FINEST_OUTPUT * unit)


def _centres(grid: ActivationGrid) -> tuple[Tensor, Tensor]:
    """Values (bins,) and how often each was seen (bins,)."""
    bins = grid.histogram.numel()
    positions = (torch.arange(bins, dtype=torch.float64) + 0.5) / bins
    return grid.seen_low + (grid.seen_high - grid.seen_low) * positions, grid.histogram


def min_max(grid: ActivationGrid) -> Range:
    """All values seen."""
    return grid.seen_low, grid.seen_high


def percentile(grid: ActivationGrid) -> Range:
    """All but a hundred-thousandth of the values at either end."""
    _, counts = _centres(grid)
    if counts.sum() == 0:
        return min_max(grid)
    below = torch.cumsum(counts, 0) / counts.sum()
    width = (grid.seen_high - grid.seen_low) / counts.numel()
    low = grid.seen_low + width * int(torch.searchsorted(below, CUT_SHARE))
    high = grid.seen_low + width * (int(torch.searchsorted(below, 1 - CUT_SHARE)) + 1)
    return min(low, 0.0), max(high, 0.0)


def least_squares(grid: ActivationGrid) -> Range:
    """The range whose grid loses least, in mean squared error, of the values seen."""
    values, counts = _centres(grid)
    lows = grid.seen_low * _SHRINKS if grid.seen_low < 0 else torch.zeros(1, dtype=torch.float64)
    highs = grid.seen_high * _SHRINKS if grid.seen_high > 0 else torch.zeros(1, dtype=torch.float64)
    pairs = torch.cartesian_prod(lows, highs)
    pairs = pairs[pairs[:, 1] > pairs[:, 0]]
    if len(pairs) == 0:
        return min_max(grid)
    errors = []
    for rows in torch.split(pairs, _ROWS):
        low, high = rows[:, :1], rows[:, 1:]
        scale = (high - low) / (ACTIVATION_MAX - ACTIVATION_MIN)
        zero = torch.round(ACTIVATION_MIN - low / scale)
        integers = (torch.round(values / scale) + zero).clamp(ACTIVATION_MIN, ACTIVATION_MAX)
        errors.append(((integers - zero) * scale - values).square() @ counts)
    best = pairs[int(torch.cat(errors).argmin())]
    return float(best[0]), float(best[1])


_RULES: dict[RangeRule, Callable[[ActivationGrid], Range]] = {
    "least_squares": least_squares,
    "percentile": percentile,
    "min_max": min_max,
}
