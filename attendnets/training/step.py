"""One step of training: pixels and labels in, weights moved, the loss out."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from attendnets.data.pixels import PixelTable
from attendnets.training.optimizer import Optimizer
from attendnets.training.recipe import Recipe


class TrainingStep:
    """Steps of ``network``, which is in channels-last memory, as ``recipe`` says.

    ``weights``: of the classes, ``(classes,)``, or None. ``bfloat16`` tells in which precision passes are
    computed, ``optimizer`` holds all state beside the network's own.
    """

    def __init__(self, network: nn.Module, recipe: Recipe, weights: Tensor | None) -> None:
        self.network, self.recipe, self.weights = network, recipe, weights
        self.optimizer = Optimizer(network, recipe.weight_decay)
        native = bool(torch.cpu._is_avx512_bf16_supported())
        self.bfloat16 = native if recipe.bfloat16 is None else recipe.bfloat16

    def __call__(self, rate: float, pixels: Tensor, labels: Tensor, mixer: np.random.Generator) -> float:
        """Step at ``rate`` on float32 ``(B, C, H, W)`` and int64 ``(B,)``; the loss before the step.

        ``mixer`` draws what mixup needs, if the recipe has any.
        """
        share = float(mixer.beta(self.recipe.mixup, self.recipe.mixup)) if self.recipe.mixup > 0 else 1.0
        other = labels
        if share < 1.0:
            order = torch.from_numpy(mixer.permutation(len(labels)))
            pixels, other = pixels.lerp(pixels[order], 1.0 - share), labels[order]
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            logits = self.network(pixels)
        loss = self._loss(logits.float(), labels)
        if share < 1.0:
            loss = share * loss + (1.0 - share) * self._loss(logits.float(), other)
        self.optimizer.clear_gradients()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip_norm)
        self.optimizer.step(rate)
        return float(loss.detach())

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return cross_entropy(logits, labels, weight=self.weights, label_smoothing=self.recipe.label_smoothing)


def class_weights(table: PixelTable, recipe: Recipe, classes: int) -> Tensor | None:
    """Weights ``(classes,)``: ``count ** -0.5``, scaled so that the mean over images is 1.

    None where classes are balanced enough for ``recipe``.
    """
    counts = np.bincount(table.labels, minlength=classes)
    if not recipe.class_weights or counts[counts > 0].max() <= recipe.imbalance * counts[counts > 0].min():
        return None
    weights = np.maximum(counts, 1) ** -0.5
    return torch.from_numpy(weights / (weights * counts).sum() * counts.sum()).float()
