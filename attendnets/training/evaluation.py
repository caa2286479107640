"""Logits and accuracy of anything that maps pixels to logits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.fx import GraphModule

from attendnets.data.batches import evaluation_batches
from attendnets.data.pixels import PixelTable
from attendnets.errors import DataError
from attendnets.statistics import wilson_interval


@dataclass(frozen=True)
class Accuracy:
    """Share of images whose largest logit is that of their class; ``loss`` is cross-entropy in nats."""

    correct: int
    images: int
    loss: float

    @property
    def top1_percent(self) -> float:
        """Percent of the images."""
        return 100.0 * self.correct / self.images

    @property
    def interval_percent(self) -> tuple[float, float]:
        """Wilson's interval at 95 %."""
        return wilson_interval(self.correct, self.images)


@contextmanager
def _evaluating(network: Callable[[Tensor], Tensor]) -> Iterator[None]:
    # Exported programs refuse .eval() and .train(): whoever made one has set its mode.
    if not isinstance(network, nn.Module) or isinstance(network, GraphModule):
        yield
        return
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)


def predict_logits(
    network: Callable[[Tensor], Tensor], table: PixelTable, batch_size: int = 256
) -> np.ndarray:
    """Logits of every image of ``table`` in its order: float32 ``(N, classes)``.

    ``network`` takes float32 pixels 0..255 ``(B, C, H, W)``. A module is run in evaluation mode and
    then put back; an exported program is run as it is. Raises DataError for an empty table.
    """
    if len(table.labels) == 0:
        raise DataError("There are no images to predict: give at least one.")
    with torch.inference_mode(), _evaluating(network):
        parts = [network(pixels).float() for pixels, _ in evaluation_batches(table, batch_size)]
    logits: np.ndarray = torch.cat(parts).numpy()
    return logits


def accuracy(network: Callable[[Tensor], Tensor], table: PixelTable, batch_size: int = 256) -> Accuracy:
    """Top-1 accuracy and cross-entropy of ``network`` over ``table``; see :func:`predict_logits`."""
    logits = torch.from_numpy(predict_logits(network, table, batch_size))
    labels = torch.from_numpy(np.asarray(table.labels, dtype=np.int64))
    return Accuracy(
        correct=int((logits.argmax(1) == labels).sum()),
        images=len(labels),
        loss=float(nn.functional.cross_entropy(logits, labels)),
    )
