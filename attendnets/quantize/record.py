"""What quantization is asked for and what it tells: plain values, without torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from attendnets.errors import UsageError

Method: TypeAlias = Literal["ptq", "qat"]
RangeRule: TypeAlias = Literal["least_squares", "percentile", "min_max"]

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, how many steps of it are done, and how many there are."""


@dataclass(frozen=True)
class QuantizationOptions:
    """How a network is brought to 8 bits.

    ``calibration_images`` training images choose the ranges. Fine-tuning follows by itself where that costs
    more than ``tolerated_drop`` points of validation accuracy; ``fine_tune`` "always" or "never" overrides.
    It lasts ``epochs``, or as many whole epochs as fit into ``seconds``, or else as many as make
    ``steps`` steps of ``batch_size`` images. ``rate`` is relative: a share of each weight's own magnitude.
    """

    calibration_images: int = 512
    tolerated_drop: float = 1.0
    fine_tune: Literal["when needed", "always", "never"] = "when needed"
    epochs: int | None = None
    seconds: float | None = None
    steps: int = 400
    batch_size: int = 64
    rate: float = 1e-2

    def __post_init__(self) -> None:
        bounds = (
            ("calibration_images", self.calibration_images >= 1, "at least 1"),
            ("tolerated_drop", self.tolerated_drop >= 0, "0 or more points"),
            ("epochs", self.epochs is None or self.epochs >= 1, "at least 1"),
            ("seconds", self.seconds is None or 0 < self.seconds < math.inf, "above 0"),
            ("steps", self.steps >= 1, "at least 1"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("rate", 0 < self.rate < math.inf, "above 0"),
        )
        for name, good, rule in bounds:
            if not good:
                value = getattr(self, name)
                raise UsageError(f"QuantizationOptions: {name} is {value!r}; it must be {rule}.")
        if self.epochs is not None and self.seconds is not None:
            raise UsageError("QuantizationOptions: give epochs or seconds, not both.")


@dataclass(frozen=True)
class QuantizationRecord:
    """How a network was brought to 8 bits and what it cost on ``images`` validation images.

    ``validation_top1_percent`` is that of the network kept. ``qat_epochs`` is 0 where no fine-tuning was
    needed; where it was tried, ``qat_validation_top1_percent`` is its best epoch's, kept only if better than
    post-training quantization. ``calibration_error``: root mean squared error of the logits on calibration
    images, as a share of their spread, under the rule for ranges that was kept.
    """

    method: Method
    float_validation_top1_percent: float
    ptq_validation_top1_percent: float
    validation_top1_percent: float
    images: int
    qat_epochs: int
    seconds: float
    calibration_images: int
    range_rule: RangeRule
    calibration_error: float
    qat_validation_top1_percent: float | None
    seed: int
    threads: int
