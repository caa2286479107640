"""A network that begins with the weights of another one, where both have the same parts."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def inherit(network: nn.Module, weights: Mapping[str, Tensor]) -> float:
    """Copy into ``network`` what ``weights``, another network's ``state_dict``, has under the same names.

    Where shapes differ, the part that both have: the first channels. A name whose tensors differ in their
    number of dimensions is left alone, as is what only ``network`` has. Returns the share of the network's
    numbers, running statistics included, that were copied.
    """
    copied = whole = 0
    with torch.no_grad():
        for name, own in network.state_dict().items():
            whole += own.numel()
            given = weights.get(name)
            if given is None or given.ndim != own.ndim:
                continue
            common = tuple(slice(min(a, b)) for a, b in zip(own.shape, given.shape, strict=True))
            own[common].copy_(given[common])
            copied += own[common].numel()
    return copied / whole
