"""Short trainings of candidates: the same recipe as the final training, for a few epochs."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from attendnets.data import Augmentation, LearningData, PixelCache, PixelTable, Preprocessing
from attendnets.exploration.evaluation import ShortTraining
from attendnets.exploration.probing import affordable_images, probe
from attendnets.networks.assemble import Network, assemble
from attendnets.spec import NetworkSpec, digest
from attendnets.training import Budget, Progress, Recipe, predict_logits, train

TRAINING_IMAGES = 4096
"""Of larger data sets a seeded part is used, the same for all candidates."""


def preprocessing_of(spec: NetworkSpec) -> Preprocessing:
    """How images become the pixels that a network of ``spec`` takes."""
    return Preprocessing(channels=spec.input.channels, height=spec.input.height, width=spec.input.width)


def initialised(spec: NetworkSpec, seed: int) -> Network:
    """A network whose random weights depend on spec and seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(zlib.crc32(f"{seed}/{digest(spec)}".encode()))
        return assemble(spec)


@dataclass(frozen=True)
class ShortTrainer:
    """Trains candidates on ``learning``; see ``study.Evaluate``. Deterministic for a number of threads."""

    learning: LearningData
    cache: PixelCache
    recipe: Recipe
    augmentation: Augmentation
    seed: int = 0
    images: int = TRAINING_IMAGES
    progress: Callable[[Progress], None] | None = None

    def __call__(self, spec: NetworkSpec, epochs: int) -> ShortTraining:
        """Train from new weights for ``epochs``. Raises TrainingError where the loss is no number."""
        started = time.perf_counter()
        training, validation = self.tables(preprocessing_of(spec))
        trained = train_shortly(
            spec, epochs, training, validation, self.recipe, self.augmentation, self.seed, self.progress
        )
        return replace(trained, seconds=time.perf_counter() - started)

    def tables(self, preprocessing: Preprocessing) -> tuple[PixelTable, PixelTable]:
        """The training images of short trainings, and the validation images."""
        samples = self.learning.train
        if len(samples) > self.images:
            order = np.random.default_rng(self.seed).permutation(len(samples))[: self.images]
            samples = tuple(samples[i] for i in sorted(order))
        return (
            self.cache.table(samples, preprocessing),
            self.cache.table(self.learning.validation, preprocessing),
        )


def train_shortly(
    spec: NetworkSpec,
    epochs: int,
    training: PixelTable,
    validation: PixelTable,
    recipe: Recipe,
    augmentation: Augmentation,
    seed: int,
    progress: Callable[[Progress], None] | None = None,
) -> ShortTraining:
    """:func:`train_from` new weights."""
    network = initialised(spec, seed)
    return train_from(network, epochs, training, validation, recipe, augmentation, seed, progress)


def train_from(
    network: Network,
    epochs: int,
    training: PixelTable,
    validation: PixelTable,
    recipe: Recipe,
    augmentation: Augmentation,
    seed: int,
    progress: Callable[[Progress], None] | None = None,
) -> ShortTraining:
    """Train ``network`` from the weights that it has, in place, for ``epochs``; then probe it.

    Raises TrainingError where the loss is no number.
    """
    started = time.perf_counter()
    train(
        network,
        training,
        validation,
        recipe=recipe,
        budget=Budget(epochs=epochs),
        augmentation=augmentation,
        seed=seed,
        progress=progress,
    )
    logits = torch.from_numpy(predict_logits(network, validation))
    labels = torch.from_numpy(np.array(validation.labels))
    losses = cross_entropy(logits, labels, reduction="none").double()
    return ShortTraining(
        top1_percent=100.0 * float((logits.argmax(1) == labels).double().mean()),
        images=len(labels),
        loss=float(losses.mean()),
        loss_error=float(losses.std(correction=0)) / len(labels) ** 0.5,
        reactions=probe(network, validation, seed, affordable_images(network, epochs * len(training))),
        seconds=time.perf_counter() - started,
    )
