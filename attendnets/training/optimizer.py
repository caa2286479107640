"""The steps of descent: Muon for kernels that are matrices, AdamW for all other parameters."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from attendnets.training.muon import Muon


class Optimizer:
    """Steps over all parameters of ``network`` that want gradients.

    Convolutions with more than one input channel a group are Muon's, one matrix (outputs, inputs x kernel)
    a group; depthwise kernels, linear layers, biases and batch norms are AdamW's. ``weight_decay``, times
    the rate, shrinks kernels and matrices at each step.
    """

    def __init__(self, network: nn.Module, weight_decay: float) -> None:
        groups = {
            module.weight: module.groups
            for module in network.modules()
            if isinstance(module, nn.Conv2d) and module.in_channels > module.groups
        }
        trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self._muon = Muon(
            [(parameter, groups[parameter]) for parameter in trained if parameter in groups], weight_decay
        )
        others = [parameter for parameter in trained if parameter not in groups]
        decayed = [parameter for parameter in others if parameter.ndim > 1]
        plain = [parameter for parameter in others if parameter.ndim <= 1]
        self._parameters = trained
        self._others = decayed + plain
        self._adamw = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}],
            fused=True,
        )

    def clear_gradients(self) -> None:
        """Forget the gradients of the last step."""
        for parameter in self._parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step against the gradients; parameters without one stay."""
        for group in self._adamw.param_groups:
            group["lr"] = rate
        self._adamw.step()
        self._muon.step(rate)

    def tensors(self) -> dict[str, Tensor]:
        """All that the next step depends on beside weights and gradients, by name."""
        named = {f"momentum/{index}": value for index, value in enumerate(self._muon.momenta())}
        for index, parameter in enumerate(self._others):
            if parameter in self._adamw.state:
                named[f"first/{index}"] = self._adamw.state[parameter]["exp_avg"]
                named[f"second/{index}"] = self._adamw.state[parameter]["exp_avg_sq"]
        return named

    def load(self, tensors: Mapping[str, Tensor], steps: int) -> None:
        """Put ``tensors()`` of an optimizer that has done ``steps`` steps back into this one.

        Values are copied into storage laid out like the parameters: layout decides the order of sums.
        """
        momenta = [name for name in tensors if name.startswith("momentum/")]
        self._muon.load([tensors[f"momentum/{index}"] for index in range(len(momenta))])
        for index, parameter in enumerate(self._others):
            if f"first/{index}" in tensors:
                self._adamw.state[parameter] = {
                    "step": torch.tensor(float(steps)),
                    "exp_avg": torch.zeros_like(parameter).copy_(tensors[f"first/{index}"]),
                    "exp_avg_sq": torch.zeros_like(parameter).copy_(tensors[f"second/{index}"]),
                }
            else:
                self._adamw.state.pop(parameter, None)
