"""A running average of weights and of batch norm statistics."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class RunningAverage:
    """``network``: a copy in evaluation mode whose floating-point state averages the trained one's.

    The memory grows with training: after t updates the last ``share`` * t of them carry most of the
    weight. So the average is of use after a few epochs and after a thousand, and no step depends on
    how many will follow.
    """

    def __init__(self, trained: nn.Module, share: float) -> None:
        self.network = copy.deepcopy(trained).eval().requires_grad_(False)
        self._share = share
        self._from = _floating(trained)
        self._to = _floating(self.network)

    def update(self, updates: int) -> None:
        """Take the trained weights in, for the ``updates``-th time (from 1)."""
        torch._foreach_lerp_(self._to, self._from, 1.0 / (self._share * (updates - 1) + 1.0))


def _floating(network: nn.Module) -> list[Tensor]:
    return [value for value in network.state_dict().values() if value.is_floating_point()]
