"""Activations and gates by name."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attendnets.spec import Activation, Gate

FUSED_ACTIVATIONS = frozenset({"relu", "relu6", "none"})
"""Activations that 8-bit runtimes fuse into the operation before them."""


def activation(name: Activation) -> nn.Module:
    """The module of an activation's name; "none" is the identity."""
    modules: dict[Activation, type[nn.Module]] = {
        "relu": nn.ReLU,
        "relu6": nn.ReLU6,
        "leaky_relu": nn.LeakyReLU,
        "silu": nn.SiLU,
        "none": nn.Identity,
    }
    return modules[name]()


def apply_gate(name: Gate, x: Tensor) -> Tensor:
    """Attention values of ``x`` (B, C, H, W).

    "relu6" is ``relu6(x + 3) / 6``, the hard sigmoid in operators that stay in 8 bits; "softmax" is over
    channels at each pixel, as in the released DC-AC network.
    """
    if name == "sigmoid":
        return torch.sigmoid(x)
    if name == "relu6":
        return F.relu6(x + 3.0) * (1.0 / 6.0)
    if name == "relu":
        return F.relu(x)
    if name == "softmax":
        return torch.softmax(x, dim=1)
    return x
