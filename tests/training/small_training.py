"""A training of a second: striped pictures, a network with every kind of state, one recipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from attendnets.data.augmentation import Augmentation
from attendnets.data.pixels import PixelTable
from attendnets.training import Budget, Progress, Recipe, Rollback, TrainingRecord, train

QUICK = Recipe(batch_size=16, rate=1e-2, warmup_steps=4)


def stripes(images: int, seed: int, size: int = 16) -> PixelTable:
    """Noisy stripes, upright (0) or lying (1), of random phase and width."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, images)
    grid = np.arange(size)
    waves = np.sin(grid / random.uniform(0.8, 1.6, (images, 1)) + random.uniform(0, 6, (images, 1)))
    upright = np.broadcast_to(waves[:, None, :], (images, size, size))
    pictures = np.where(labels[:, None, None] == 0, upright, upright.transpose(0, 2, 1))
    pixels = 128 + 40 * pictures + random.normal(0, 30, pictures.shape)
    return PixelTable(pixels.clip(0, 255).astype(np.uint8)[..., None], labels.astype(np.int64))


class Small(nn.Module):
    """A network with everything that has state or chance in it: batch norm, dropout, a buffer."""

    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 8, 3, padding=1, groups=2, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
        )
        self.drop = nn.Dropout(0.2)
        self.last = nn.Linear(8, 2)
        self.register_buffer("scale", torch.tensor(1 / 255))

    def forward(self, pixels: Tensor) -> Tensor:
        features: Tensor = self.body(pixels * self.scale).mean((2, 3))
        logits: Tensor = self.last(self.drop(features))
        return logits


def small(seed: int = 0) -> Small:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Small()


TRAIN, VALIDATION = stripes(96, seed=1), stripes(48, seed=2)


def run(
    network: nn.Module,
    *,
    recipe: Recipe = QUICK,
    epochs: int = 4,
    seed: int = 0,
    checkpoint: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    on_rollback: Callable[[Rollback], None] | None = None,
    table: PixelTable = TRAIN,
) -> TrainingRecord:
    return train(
        network,
        table,
        VALIDATION,
        recipe=recipe,
        budget=Budget(epochs=epochs),
        augmentation=Augmentation.for_photos(),
        seed=seed,
        checkpoint=checkpoint,
        progress=progress,
        on_rollback=on_rollback,
    )


def weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def assert_equal_to_the_bit(first: nn.Module, second: nn.Module) -> None:
    ours, theirs = weights(first), weights(second)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


def curves(record: TrainingRecord) -> list[tuple[float, ...]]:
    return [
        (e.epoch, e.rate, e.train_loss, e.validation_loss, e.validation_top1_percent) for e in record.epochs
    ]
