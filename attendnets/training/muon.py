"""Muon: momentum of a matrix, replaced by its nearest orthogonal matrix.

All directions of a matrix are learned at one speed then (Jordan et al. 2024,
https://kellerjordan.github.io/posts/muon). Scaled to the size of AdamW's steps (Liu et al. 2025, arXiv
2502.16982), one rate serves both.

A network has many small matrices, and each call of a kernel costs more than its arithmetic. So matrices lie
in few batches, padded with zeros, which stay zeros in every product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

_MOMENTUM = 0.9
_STEP_SIZE = 0.2
# Jordan's coefficients: five steps bring singular values from (0.001, 1) to about (0.7, 1.2).
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_NEWTON_SCHULZ_STEPS = 5
# What the calls for one more batch cost, in multiply-adds.
_BATCH_WORK = 1e7


class Muon:
    """Steps over ``kernels``: convolution kernels ``(O, I, h, w)``, each with its number of groups.

    A kernel is one matrix (outputs, inputs x kernel) a group. ``weight_decay``, times the rate, shrinks it at
    each step.
    """

    def __init__(self, kernels: Sequence[tuple[nn.Parameter, int]], weight_decay: float) -> None:
        self._kernels = list(kernels)
        self._decay = weight_decay
        shapes = [
            tuple(sorted((kernel.shape[0] // groups, kernel[0].numel()))) for kernel, groups in self._kernels
        ]
        counts = [groups for _, groups in self._kernels]
        self._batches = [
            _Batch(self._kernels, members)
            for members in batches([(rows, columns) for rows, columns in shapes], counts)
        ]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step against the gradients; kernels without one stay."""
        for batch in self._batches:
            batch.step(rate, self._decay)

    def momenta(self) -> list[Tensor]:
        """The momentum of each kernel, in its shape: copies."""
        found: dict[int, Tensor] = {}
        for batch in self._batches:
            for index, view in zip(batch.members, batch.momenta, strict=True):
                found[index] = _from_matrices(view, self._kernels[index][0])
        return [found[index] for index in range(len(self._kernels))]

    def load(self, momenta: Sequence[Tensor]) -> None:
        """Put ``momenta()`` of another optimizer of the same kernels back."""
        for batch in self._batches:
            for index, view in zip(batch.members, batch.momenta, strict=True):
                view.copy_(_to_matrices(momenta[index], *self._kernels[index]))


class _Batch:
    """Matrices that are made orthogonal together, as ``(matrices, rows, columns)`` with rows <= columns."""

    def __init__(self, kernels: Sequence[tuple[nn.Parameter, int]], members: Sequence[int]) -> None:
        self.members = list(members)
        self._kernels = [kernels[index] for index in members]
        self._places: list[_Place] = []
        first = 0
        for kernel, groups in self._kernels:
            rows, columns = kernel.shape[0] // groups, kernel[0].numel()
            self._places.append(_Place(first, groups, rows, columns))
            first += groups
        rows = max(min(place.rows, place.columns) for place in self._places)
        columns = max(max(place.rows, place.columns) for place in self._places)
        like = self._kernels[0][0]
        self._momentum = like.new_zeros((first, rows, columns))
        self._ahead = torch.zeros_like(self._momentum)
        sizes = [
            _STEP_SIZE * max(place.rows, place.columns) ** 0.5
            for place in self._places
            for _ in range(place.count)
        ]
        self._sizes = like.new_tensor(sizes).view(-1, 1, 1)
        self.momenta = [place.of(self._momentum) for place in self._places]
        self._parts = [place.of(self._ahead) for place in self._places]

    def step(self, rate: float, decay: float) -> None:
        for (kernel, groups), view in zip(self._kernels, self._parts, strict=True):
            if kernel.grad is None:
                view.zero_()
            else:
                view.copy_(_to_matrices(kernel.grad, kernel, groups))
        self._momentum.lerp_(self._ahead, 1 - _MOMENTUM)
        self._ahead.lerp_(self._momentum, _MOMENTUM)
        torch.mul(orthogonal(self._ahead), self._sizes * rate, out=self._ahead)
        moved = [
            (_to_matrices(kernel, kernel, groups), direction)
            for (kernel, groups), direction in zip(self._kernels, self._parts, strict=True)
            if kernel.grad is not None
        ]
        if moved:
            torch._foreach_mul_([matrix for matrix, _ in moved], 1 - rate * decay)
            torch._foreach_sub_([matrix for matrix, _ in moved], [direction for _, direction in moved])


@dataclass(frozen=True)
class _Place:
    """Where a kernel's matrices lie in a batch."""

    first: int
    count: int
    rows: int
    columns: int

    def of(self, batch: Tensor) -> Tensor:
        """A view of the kernel's part, ``(groups, outputs, inputs x kernel)``."""
        part = batch[self.first : self.first + self.count]
        if self.rows > self.columns:
            return part[:, : self.columns, : self.rows].mT
        return part[:, : self.rows, : self.columns]


def batches(shapes: Sequence[tuple[int, int]], counts: Sequence[int]) -> list[list[int]]:
    """Which matrices to pad to one size: indices of ``shapes`` (rows <= columns), ``counts`` matrices each.

    Starts from one batch for each shape, and joins the two that save most until joining costs more than it
    saves.
    """
    by_shape: dict[tuple[int, int], list[int]] = {}
    for index, shape in enumerate(shapes):
        by_shape.setdefault(shape, []).append(index)
    found = list(by_shape.values())

    def work(members: Sequence[int]) -> float:
        rows = max(shapes[index][0] for index in members)
        columns = max(shapes[index][1] for index in members)
        products = 2 * rows * rows * columns + rows**3
        return _BATCH_WORK + _NEWTON_SCHULZ_STEPS * products * sum(counts[index] for index in members)

    while len(found) > 1:
        costs = [work(members) for members in found]
        saving, one, other = max(
            (costs[one] + costs[other] - work([*found[one], *found[other]]), one, other)
            for one in range(len(found))
            for other in range(one)
        )
        if saving <= 0:
            break
        joined = sorted([*found[one], *found[other]])
        found = [members for index, members in enumerate(found) if index not in (one, other)] + [joined]
    return sorted(found)


def orthogonal(matrices: Tensor) -> Tensor:
    """Matrices ``(N, rows, columns)``, rows <= columns, to about the nearest with orthonormal rows."""
    x: Tensor = matrices / (torch.linalg.vector_norm(matrices, dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = _NEWTON_SCHULZ
    for _ in range(_NEWTON_SCHULZ_STEPS):
        square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x


def _columns_last(kernel: Tensor) -> bool:
    """True where a kernel's inputs lie side by side in memory."""
    return not kernel.is_contiguous()


def _to_matrices(tensor: Tensor, kernel: Tensor, groups: int) -> Tensor:
    """``tensor``, of the shape of ``kernel``, as ``(groups, outputs, inputs x kernel)``.

    Columns come in the order in which the kernel's lie in memory, so that its own matrices are a view.
    """
    if _columns_last(kernel):
        tensor = tensor.permute(0, 2, 3, 1)
    return tensor.detach().reshape(groups, kernel.shape[0] // groups, -1)


def _from_matrices(matrices: Tensor, kernel: Tensor) -> Tensor:
    """A copy in the shape of the ``kernel`` whose matrices these are."""
    outputs, inputs, height, width = kernel.shape
    if _columns_last(kernel):
        return matrices.reshape(outputs, height, width, inputs).permute(0, 3, 1, 2).clone()
    return matrices.reshape(kernel.shape).clone()
