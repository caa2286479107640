"""Scores of a network that was never trained, from one batch of images.

Higher is meant to be better. Each takes a network with random weights, as ``assemble`` makes it, and leaves
its gradients and batch norms' statistics changed: give each score a network of its own.

Letters: B images of a batch, C channels, H rows, W columns.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from attendnets.errors import AttendnetsError

RECTIFIERS = (nn.ReLU, nn.ReLU6)


def gradient_norm(network: nn.Module, pixels: Tensor, labels: Tensor) -> float:
    """Euclidean norm of the cross-entropy's gradient by all weights.

    After Abdelfattah et al. 2021 (arXiv 2101.08134), who take one norm a layer and add those up.

    ``pixels`` float32 ``(B, C, H, W)`` of 0..255, ``labels`` int64 ``(B,)``; batch norms use the batch.
    """
    network.train()
    cross_entropy(network(pixels), labels).backward()  # type: ignore[no-untyped-call]
    return math.sqrt(sum(float(gradient.square().sum()) for _, gradient in _gradients(network)))


def synflow(network: nn.Module, pixels: Tensor) -> float:
    """Natural logarithm of the synaptic flow (Tanaka et al. 2020, arXiv 2006.05467).

    The sum over weights of weight times gradient, of the sum of logits for an image of ones, with all weights
    at their absolute value. Of ``pixels`` only the shape counts. Batch norms are in eval mode: at their
    untouched statistics they change next to nothing. Gates that saturate pass no flow.
    """
    network.double().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    ones = torch.ones((1, *pixels.shape[1:]), dtype=torch.float64)
    network(ones).sum().backward()
    flow = sum(float((weight.detach() * gradient).sum()) for weight, gradient in _gradients(network))
    return math.log(flow)


def naswot(network: nn.Module, pixels: Tensor) -> float:
    """How differently rectifiers treat the images of a batch (Mellor et al. 2021, arXiv 2006.04647).

    The logarithm of the determinant of K ``(B, B)``: in how many rectifiers of the network two images of
    ``pixels`` ``(B, C, H, W)`` agree on being passed. Batch norms use the batch. Raises AttendnetsError for a
    network without rectifiers, or images that are all treated alike.
    """
    agreeing = torch.zeros(len(pixels), len(pixels), dtype=torch.float64)

    def count(_module: nn.Module, _inputs: tuple[Tensor, ...], out: Tensor) -> None:
        codes = (out > 0).flatten(1).double()
        agreeing.add_(codes @ codes.T + (1.0 - codes) @ (1.0 - codes).T)

    handles = [
        module.register_forward_hook(count) for module in network.modules() if isinstance(module, RECTIFIERS)
    ]
    with torch.no_grad():
        network.train()(pixels)
    for handle in handles:
        handle.remove()
    sign, logarithm = torch.linalg.slogdet(agreeing)
    if float(sign) <= 0 or not math.isfinite(float(logarithm)):
        raise AttendnetsError(
            f"NASWOT: the kernel of {len(pixels)} images is singular: its rectifiers ({len(handles)}) treat "
            "some of them alike. Give images that differ, or a network with rectifiers."
        )
    return float(logarithm)


def _gradients(network: nn.Module) -> list[tuple[Tensor, Tensor]]:
    """Every weight that has a gradient, with it."""
    return [(weight, weight.grad) for weight in network.parameters() if weight.grad is not None]
