"""The steps of descent: Muon for kernels that are matrices, AdamW for all other parameters.

Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon) replaces the momentum of a matrix by
its nearest orthogonal matrix, so that all its directions are learned at one speed. Scaled to the size of
AdamW's steps (Liu et al. 2025, arXiv 2502.16982), one rate serves both.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

_MOMENTUM = 0.9
_STEP_SIZE = 0.2
# Jordan's coefficients: five steps bring singular values from (0.001, 1) to about (0.7, 1.2).
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_NEWTON_SCHULZ_STEPS = 5


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
        self._matrices = [(parameter, groups[parameter]) for parameter in trained if parameter in groups]
        self._momenta = [torch.zeros_like(parameter) for parameter, _ in self._matrices]
        # Matrices of one shape are made orthogonal together: most of them are small, and each call costs.
        by_shape: dict[tuple[int, int], list[tuple[nn.Parameter, int, Tensor]]] = {}
        for (parameter, count), momentum in zip(self._matrices, self._momenta, strict=True):
            rows = parameter.shape[0] // count
            shape = rows, parameter[0].numel()
            by_shape.setdefault(shape, []).append((parameter, count, momentum))
        self._alike = list(by_shape.values())
        others = [parameter for parameter in trained if parameter not in groups]
        decayed = [parameter for parameter in others if parameter.ndim > 1]
        plain = [parameter for parameter in others if parameter.ndim <= 1]
        self._parameters = trained
        self._others = decayed + plain
        self._decay = weight_decay
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
        for alike in self._alike:
            moved = [(*matrix, matrix[0].grad) for matrix in alike if matrix[0].grad is not None]
            if not moved:
                continue
            parameters: list[Tensor] = [parameter for parameter, _, _, _ in moved]
            counts = [groups for _, groups, _, _ in moved]
            momenta = [momentum for _, _, momentum, _ in moved]
            gradients = [gradient for _, _, _, gradient in moved]
            torch._foreach_lerp_(momenta, gradients, 1 - _MOMENTUM)
            ahead = torch._foreach_lerp(gradients, momenta, _MOMENTUM)
            matrices = [
                value.reshape(groups, value.shape[0] // groups, -1)
                for value, groups in zip(ahead, counts, strict=True)
            ]
            size = _STEP_SIZE * max(matrices[0].shape[1:]) ** 0.5
            directions = torch.split(orthogonal(torch.cat(matrices)), counts)
            torch._foreach_mul_(parameters, 1 - rate * self._decay)
            for parameter, direction in zip(parameters, directions, strict=True):
                parameter.sub_(direction.view(parameter.shape), alpha=rate * size)

    def tensors(self) -> dict[str, Tensor]:
        """All that the next step depends on beside weights and gradients, by name."""
        named = {f"momentum/{index}": value for index, value in enumerate(self._momenta)}
        for index, parameter in enumerate(self._others):
            if parameter in self._adamw.state:
                named[f"first/{index}"] = self._adamw.state[parameter]["exp_avg"]
                named[f"second/{index}"] = self._adamw.state[parameter]["exp_avg_sq"]
        return named

    def load(self, tensors: Mapping[str, Tensor], steps: int) -> None:
        """Put ``tensors()`` of an optimizer that has done ``steps`` steps back into this one.

        Values are copied into storage laid out like the parameters: layout decides the order of sums.
        """
        for index, momentum in enumerate(self._momenta):
            momentum.copy_(tensors[f"momentum/{index}"])
        for index, parameter in enumerate(self._others):
            if f"first/{index}" in tensors:
                self._adamw.state[parameter] = {
                    "step": torch.tensor(float(steps)),
                    "exp_avg": torch.zeros_like(parameter).copy_(tensors[f"first/{index}"]),
                    "exp_avg_sq": torch.zeros_like(parameter).copy_(tensors[f"second/{index}"]),
                }
            else:
                self._adamw.state.pop(parameter, None)


def orthogonal(matrices: Tensor) -> Tensor:
    """Matrices ``(N, rows, columns)`` to about the nearest with orthonormal rows (or columns, if fewer)."""
    x: Tensor = matrices / (torch.linalg.matrix_norm(matrices).view(-1, 1, 1) + 1e-7)
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    a, b, c = _NEWTON_SCHULZ
    for _ in range(_NEWTON_SCHULZ_STEPS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x.mT if tall else x
