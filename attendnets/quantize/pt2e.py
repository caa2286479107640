"""torchao's PT2E, the one way to int8 that all exports share, imported and called without its chatter.

Importing torchao warns of compiled parts for other machines, and exporting warns of torch's own use of its
old interfaces; neither concerns anyone who quantizes a network.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator

import torch

_TALKATIVE = ("torchao", "torch.utils._pytree", "torch.onnx")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No warnings, no log lines below errors, and the caller's random numbers untouched by example inputs."""
    levels = {name: logging.getLogger(name).level for name in _TALKATIVE}
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


with quiet():
    from torchao.quantization.pt2e import FakeQuantizeBase
    from torchao.quantization.pt2e.fake_quantize import FixedQParamsFakeQuantize
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_qat_pt2e
    from torchao.quantization.pt2e.quantizer import (
        FixedQParamsQuantizationSpec,
        QuantizationAnnotation,
        QuantizationSpec,
        QuantizationSpecBase,
        Quantizer,
        SharedQuantizationSpec,
    )

__all__ = [
    "FakeQuantizeBase",
    "FixedQParamsFakeQuantize",
    "FixedQParamsQuantizationSpec",
    "QuantizationAnnotation",
    "QuantizationSpec",
    "QuantizationSpecBase",
    "Quantizer",
    "SharedQuantizationSpec",
    "convert_pt2e",
    "prepare_qat_pt2e",
    "quiet",
]
