"""The int8 grids that simulate quantization inside a prepared program.

A grid maps real values to integers by ``q = round(x / scale) + zero_point``, clamped to its range.
Activations have one grid a tensor, chosen from values seen (:class:`ActivationGrid`); weights one scale an
output channel, computed from the weights themselves (:class:`PerChannelWeightGrid`).
"""

from __future__ import annotations

import enum
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule

from attendnets.quantize.pt2e import FakeQuantizeBase, FixedQParamsFakeQuantize

ACTIVATION_MIN, ACTIVATION_MAX = -128, 127
WEIGHT_MAX = 127
BINS = 2048
# A channel this much weaker than the strongest of its layer is below one step of the layer's (per-tensor)
# output, and a finer scale could push its int32 bias, in units of input scale x weight scale, out of range.
WEAKEST_CHANNEL = 2.0**-10
SMALLEST_RANGE = 1e-6


class Mode(enum.Enum):
    """What grids do with the tensors that pass through them."""

    PASS = "pass"
    """Nothing: the program computes in float."""
    RANGE = "range"
    """Note the smallest and largest value; compute in float."""
    HISTOGRAM = "histogram"
    """Count values between the smallest and the largest; compute in float."""
    QUANTIZE = "quantize"
    """Quantize; gradients pass straight through where nothing is clamped."""


def affine_grid(low: float, high: float) -> tuple[float, int]:
    """Scale and zero point of the int8 grid that covers ``low .. high`` and holds 0 exactly.

    Where there is nothing but zeros it is that of 0..1, which every kernel takes.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < SMALLEST_RANGE:
        low, high = 0.0, 1.0
    scale = (high - low) / (ACTIVATION_MAX - ACTIVATION_MIN)
    zero_point = round(ACTIVATION_MIN - low / scale)
    return scale, max(ACTIVATION_MIN, min(ACTIVATION_MAX, zero_point))


class _Snap(torch.autograd.Function):
    """Round to ``low .. high`` times ``scale``; torch's own operator takes six times as long on a CPU."""

    @staticmethod
    def forward(context: Any, x: Tensor, scale: float, low: int, high: int) -> Tensor:
        steps = (x * (1.0 / scale)).round_()
        if x.requires_grad:
            context.save_for_backward((steps >= low) & (steps <= high))
        return steps.clamp_(low, high).mul_(scale)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (within,) = context.saved_tensors
        return gradients[0] * within, None, None, None


def _snap(x: Tensor, scale: float, low: int, high: int) -> Tensor:
    snapped: Tensor = _Snap.apply(x, scale, low, high)  # type: ignore[no-untyped-call]
    return snapped


class ActivationGrid(FakeQuantizeBase):  # type: ignore[misc]
    """One int8 grid for a whole tensor. Buffers: ``scale`` (float32, (1,)), ``zero_point`` (int32, (1,))."""

    scale: Tensor
    zero_point: Tensor
    seen_low: float
    seen_high: float
    histogram: Tensor

    def __init__(
        self,
        dtype: torch.dtype = torch.int8,
        quant_min: int = ACTIVATION_MIN,
        quant_max: int = ACTIVATION_MAX,
        qscheme: torch.qscheme = torch.per_tensor_affine,
        is_dynamic: bool = False,
    ) -> None:
        super().__init__()
        self.dtype, self.qscheme, self.is_dynamic = dtype, qscheme, is_dynamic
        self.quant_min, self.quant_max = quant_min, quant_max
        self.mode = Mode.PASS
        self.forget()
        self.register_buffer("scale", torch.ones(1))
        self.register_buffer("zero_point", torch.zeros(1, dtype=torch.int32))

    def forward(self, x: Tensor) -> Tensor:
        """``x`` of any shape, quantized or as it is; see :class:`Mode`."""
        if self.mode is Mode.QUANTIZE:
            zero_point = int(self.zero_point)
            return _snap(x, float(self.scale), self.quant_min - zero_point, self.quant_max - zero_point)
        if self.mode is Mode.RANGE:
            low, high = torch.aminmax(x.detach())
            self.seen_low, self.seen_high = min(self.seen_low, float(low)), max(self.seen_high, float(high))
        elif self.mode is Mode.HISTOGRAM and self.seen_high > self.seen_low:
            counts = torch.histc(x.detach(), BINS, min=self.seen_low, max=self.seen_high)
            self.histogram += counts.double()
        return x

    def forget(self) -> None:
        """Drop what was seen; the grid itself stays."""
        self.seen_low, self.seen_high = 0.0, 0.0
        self.histogram = torch.zeros(BINS, dtype=torch.float64)

    def cover(self, low: float, high: float) -> None:
        """Make this the grid of ``low .. high``."""
        scale, zero_point = affine_grid(low, high)
        self.scale.fill_(scale)
        self.zero_point.fill_(zero_point)

    def calculate_qparams(self, **_: Any) -> tuple[Tensor, Tensor]:
        """Scale and zero point, for torchao."""
        return self.scale, self.zero_point


class PerChannelWeightGrid(FakeQuantizeBase):  # type: ignore[misc]
    """Symmetric int8 grids for a weight, one an output channel (axis 0), from the weight of the moment.

    Buffer: ``scale`` (float32, (output channels,)). "PerChannel" in the name makes torchao pass the axis.
    """

    scale: Tensor

    def __init__(
        self,
        dtype: torch.dtype = torch.int8,
        quant_min: int = -WEIGHT_MAX,
        quant_max: int = WEIGHT_MAX,
        qscheme: torch.qscheme = torch.per_channel_symmetric,
        ch_axis: int = 0,
        is_dynamic: bool = False,
    ) -> None:
        super().__init__()
        self.dtype, self.qscheme, self.is_dynamic = dtype, qscheme, is_dynamic
        self.quant_min, self.quant_max, self.ch_axis = quant_min, quant_max, ch_axis
        self.mode = Mode.PASS
        self.register_buffer("scale", torch.ones(1))

    def forward(self, weight: Tensor) -> Tensor:
        """``weight`` (output channels, ...), quantized or as it is."""
        if self.mode is not Mode.QUANTIZE:
            return weight
        scales = weight_scales(weight.detach())
        self.scale.resize_(scales.shape).copy_(scales)
        zeros = torch.zeros_like(scales, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(
            weight, scales, zeros, self.ch_axis, self.quant_min, self.quant_max
        )

    def calculate_qparams(self, **_: Any) -> tuple[Tensor, Tensor]:
        """Scales and zero points, for torchao."""
        return self.scale, torch.zeros_like(self.scale, dtype=torch.int64)


def weight_scales(weight: Tensor) -> Tensor:
    """Scale of each output channel (axis 0) of ``weight``: largest magnitude / 127, with a floor."""
    largest = weight.abs().amax(dim=tuple(range(1, weight.dim())))
    largest = torch.maximum(largest, largest.max() * WEAKEST_CHANNEL)
    return torch.where(largest > 0, largest, torch.ones_like(largest)) / WEIGHT_MAX


def set_mode(program: GraphModule, mode: Mode) -> None:
    """Put every grid of a prepared program into ``mode``."""
    for module in program.modules():
        if isinstance(module, (ActivationGrid, PerChannelWeightGrid)):
            module.mode = mode
        elif isinstance(module, FixedQParamsFakeQuantize):
            module.disable_observer()
            module.enable_fake_quant(mode is Mode.QUANTIZE)


def activation_grids(program: GraphModule) -> dict[str, ActivationGrid]:
    """The grids of a prepared program that are chosen from values seen; shared ones once."""
    return {name: module for name, module in program.named_modules() if isinstance(module, ActivationGrid)}
