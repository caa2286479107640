"""Matrices made orthogonal, in batches."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from attendnets.training.muon import Muon, batches, orthogonal

KERNELS = [(24, 16, 3, 1), (24, 24, 3, 2), (40, 8, 1, 1), (8, 40, 1, 1), (16, 4, 3, 4), (1, 3, 3, 1)]


def kernels(memory: torch.memory_format = torch.contiguous_format) -> list[tuple[nn.Parameter, int]]:
    """Kernels of many shapes and groups, with gradients."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for outputs, inputs, side, groups in KERNELS:
        shape = outputs, inputs, side, side
        kernel = nn.Parameter(torch.randn(shape, generator=generator).contiguous(memory_format=memory))
        kernel.grad = torch.randn(shape, generator=generator).contiguous(memory_format=memory)
        found.append((kernel, groups))
    return found


def values(given: list[tuple[nn.Parameter, int]]) -> list[Tensor]:
    return [kernel.detach().clone() for kernel, _ in given]


def test_each_matrix_moves_along_the_orthogonal_matrix_nearest_to_its_first_gradient() -> None:
    given = kernels()
    before = values(given)
    Muon(given, weight_decay=0.0).step(1.0)
    for (kernel, groups), old in zip(given, before, strict=True):
        assert kernel.grad is not None
        rows, columns = kernel.shape[0] // groups, kernel[0].numel()
        moved = (old - kernel.detach()).reshape(groups, rows, columns)
        gradient = kernel.grad.reshape(groups, rows, columns)
        singular = torch.linalg.svdvals(moved) / (0.2 * max(rows, columns) ** 0.5)
        assert float(singular.min()) > 0.5 and float(singular.max()) < 1.4
        nearest = [u @ v for u, _, v in (torch.linalg.svd(part, full_matrices=False) for part in gradient)]
        for part, near in zip(moved, nearest, strict=True):
            assert float((part * near).sum() / part.norm() / near.norm()) > 0.95


def test_padding_changes_nothing() -> None:
    alone, together = kernels(), kernels()
    for pair in alone:
        Muon([pair], weight_decay=0.1).step(0.01)
    Muon(together, weight_decay=0.1).step(0.01)
    for one, other in zip(values(alone), values(together), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def test_the_layout_in_memory_changes_nothing() -> None:
    rows, last = kernels(), kernels(torch.channels_last)
    steps = [Muon(given, weight_decay=0.1) for given in (rows, last)]
    for muon in steps * 2:
        muon.step(0.01)
    for one, other in zip(values(rows), values(last), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)
    for one, other in zip(steps[0].momenta(), steps[1].momenta(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def test_momenta_put_back_go_on_to_the_bit() -> None:
    given, copy = kernels(torch.channels_last), kernels(torch.channels_last)
    first, second = Muon(given, 0.1), Muon(copy, 0.1)
    first.step(0.01)
    second.load(first.momenta())
    for (kernel, _), (other, _) in zip(given, copy, strict=True):
        other.data.copy_(kernel.data)
    first.step(0.01)
    second.step(0.01)
    for mine, its in zip(values(given), values(copy), strict=True):
        assert torch.equal(mine, its)


def test_a_kernel_without_gradient_stays() -> None:
    given = kernels()
    given[1][0].grad = None
    before = values(given)
    Muon(given, weight_decay=0.1).step(0.1)
    after = values(given)
    assert torch.equal(before[1], after[1])
    assert not torch.equal(before[0], after[0])


@pytest.mark.parametrize("shape", [(1, 24, 144), (4, 12, 27), (2, 9, 40)])
def test_rows_become_orthonormal(shape: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(0)
    found = torch.linalg.svdvals(orthogonal(torch.randn(shape, generator=generator)))
    assert float(found.min()) > 0.5 and float(found.max()) < 1.4


def test_small_matrices_share_a_batch_and_large_ones_do_not_wait_for_each_other() -> None:
    assert batches([(8, 16), (8, 24), (12, 16)], [1, 2, 1]) == [[0, 1, 2]]
    assert batches([(8, 16), (512, 4608), (8, 16)], [1, 1, 4]) == [[0, 2], [1]]
    assert batches([], []) == []
