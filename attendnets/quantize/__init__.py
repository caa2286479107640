"""A trained network to an int8 program: calibrated after training, fine-tuned where that costs too much.

::

    quantized, record = quantize(network, train_table, validation_table)
    quantized.run(pixels)                       # uint8 (N, H, W, C) -> float32 logits (N, classes)
    same = restore(quantized.spec, quantized.observed, quantized.method)

Names that need torchao are loaded when they are first used: records are read by commands that never quantize.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from attendnets.quantize.record import Method, QuantizationOptions, QuantizationRecord

if TYPE_CHECKING:
    from attendnets.quantize.network import QuantizedNetwork, restore
    from attendnets.quantize.program import prepare
    from attendnets.quantize.stage import quantize, quantize_aware, quantize_post_training

__all__ = [
    "Method",
    "QuantizationOptions",
    "QuantizationRecord",
    "QuantizedNetwork",
    "prepare",
    "quantize",
    "quantize_aware",
    "quantize_post_training",
    "restore",
]

_HOMES = {
    "QuantizedNetwork": "network",
    "restore": "network",
    "prepare": "program",
    "quantize": "stage",
    "quantize_aware": "stage",
    "quantize_post_training": "stage",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
