"""A quantized network: what exports, parity and fine-tuning work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.fx import GraphModule

from attendnets.networks.assemble import assemble
from attendnets.quantize.grids import Mode, set_mode
from attendnets.quantize.program import convert, load_observed, observe, prepare
from attendnets.quantize.record import Method
from attendnets.spec import NetworkSpec

_BATCH = 128


@dataclass(frozen=True, eq=False)
class QuantizedNetwork:
    """An int8 network, simulated in PyTorch within rounding of what the exported files compute.

    ``program``: float32 pixels ``(B, C, H, W)`` of 0..255 to float32 logits ``(B, classes)``, any batch size.
    ``prepared``: the program that it was converted from, with weights in float and grids beside them.
    """

    spec: NetworkSpec
    method: Method
    program: GraphModule = field(repr=False)
    prepared: GraphModule = field(repr=False)

    @classmethod
    def of(cls, prepared: GraphModule, spec: NetworkSpec, method: Method) -> QuantizedNetwork:
        """The quantized network of a prepared program whose grids are chosen."""
        return cls(spec, method, convert(prepared), prepared)

    @property
    def observed(self) -> dict[str, Tensor]:
        """Weights, biases and grids: plain tensors that :func:`attendnets.quantize.restore` starts from."""
        return observe(self.prepared)

    def run(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Logits float32 ``(N, classes)`` of uint8 pixels ``(N, H, W, C)``."""
        logits = np.zeros((len(pixels), self.spec.classes), np.float32)
        with torch.inference_mode():
            for start in range(0, len(pixels), _BATCH):
                part = torch.from_numpy(np.array(pixels[start : start + _BATCH]))
                logits[start : start + _BATCH] = self.program(part.permute(0, 3, 1, 2).float()).numpy()
        return logits


def restore(spec: NetworkSpec, observed: Mapping[str, Tensor], method: Method) -> QuantizedNetwork:
    """The quantized network whose ``observed`` this is; its logits are the same bit for bit.

    Raises QuantizationError where the state is not that of a network of ``spec``.
    """
    with torch.random.fork_rng(devices=[]):
        prepared = prepare(assemble(spec))
    load_observed(prepared, observed)
    set_mode(prepared, Mode.QUANTIZE)
    return QuantizedNetwork.of(prepared, spec, method)
