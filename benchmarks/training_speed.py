"""Training's speed beside the loop of the textbooks: same networks, images, batch and threads, in one run.

python -m benchmarks.training_speed     # minutes; needs torchvision: pip install ".[timm]"

A step is compared with the same step (Muon and AdamW, clipping) in eager float32 on contiguous (NCHW)
tensors, and with the textbook's, whose optimizer is AdamW alone and does less.

The textbook: ImageFolder, a DataLoader with two workers, torchvision's augmentations on each image, and
steps of AdamW in eager float32 on contiguous (NCHW) tensors. All take turns, epoch by epoch and step by step,
so that a busy moment of the machine meets all of them; each in a process of its own, so that none profits
from what another has set up.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attendnets.cost import cost
from attendnets.data import Augmentation, DataSet, PixelCache, PixelTable, TrainingBatches, open_data_set
from attendnets.exploration.prototypes import prototypes
from attendnets.exploration.short_training import initialised, preprocessing_of
from attendnets.pipeline.learning_stages import design
from attendnets.run import Job
from attendnets.spec import NetworkSpec, digest
from attendnets.training import Recipe
from attendnets.training.averaging import RunningAverage
from attendnets.training.memory import keep_freed_memory
from attendnets.training.step import TrainingStep
from benchmarks.elsewhere import Elsewhere
from benchmarks.record import write_record
from benchmarks.textbook import loader, textbook_step

JOB = Job("elpv", ("weights<=100KB", "arena<=256KB", "file<=100KB"), minutes=12.0, threads=2)
STEPS = 4
LARGE_BATCH = 128


def networks(data: DataSet) -> list[NetworkSpec]:
    """The prototypes with which the demo's exploration starts, one of each family."""
    space, screen = design(data, JOB)
    return [space.network(point) for point in prototypes(space, screen)]


def class_folders(data: DataSet, folder: Path) -> Path:
    """The training images as links in class folders, as ImageFolder wants them."""
    for name in data.classes:
        (folder / name).mkdir(parents=True)
    for sample in data.learning.train:
        (folder / data.classes[sample.label] / sample.path.name).symlink_to(sample.path)
    return folder


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds that ``work`` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def our_steps(network: NetworkSpec, recipe: Recipe, pixels: Tensor, labels: Tensor) -> Callable[[], object]:
    """Steps as training does them, with the running average that it keeps."""
    keep_freed_memory()
    ours = initialised(network, 0).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    step = TrainingStep(ours, recipe, None)
    average = RunningAverage(ours, recipe.averaging)
    mixer = np.random.default_rng(0)
    pixels = pixels.contiguous(memory_format=torch.channels_last)

    def steps() -> None:
        for number in range(STEPS):
            step(1e-4, pixels, labels, mixer)
            average.update(number + 1)

    return steps


def eager_steps(network: NetworkSpec, recipe: Recipe, pixels: Tensor, labels: Tensor) -> Callable[[], object]:
    """The same steps, without the average, in eager float32 on contiguous (NCHW) tensors."""
    step = TrainingStep(initialised(network, 0).train(), replace(recipe, bfloat16=False), None)
    mixer = np.random.default_rng(0)

    def steps() -> None:
        for _ in range(STEPS):
            step(1e-4, pixels, labels, mixer)

    return steps


def plain_steps(network: NetworkSpec, recipe: Recipe, pixels: Tensor, labels: Tensor) -> Callable[[], object]:
    """The textbook's steps, whose optimizer is AdamW alone."""
    step = textbook_step(initialised(network, 0))

    def steps() -> None:
        for _ in range(STEPS):
            step(pixels, labels)

    return steps


def step_figures(network: NetworkSpec, table: PixelTable, batch_size: int, rounds: int) -> dict[str, Any]:
    """A step on one batch: ours, the same in eager float32 NCHW, the textbook's; medians and ratios."""
    recipe = replace(Recipe.for_images(len(table), orientation_free=True), batch_size=batch_size)
    batches = TrainingBatches(table, batch_size, Augmentation.orientation_free(), 0)
    pixels, labels = next(iter(batches.epoch(0)))
    batch = network, recipe, pixels.contiguous(), labels
    with (
        Elsewhere(partial(our_steps, *batch), JOB.threads) as ours,
        Elsewhere(partial(eager_steps, *batch), JOB.threads) as eager,
        Elsewhere(partial(plain_steps, *batch), JOB.threads) as plain,
    ):
        kinds = ours, eager, plain
        for kind in kinds:
            kind()
        steps = [[kind() / STEPS for kind in kinds] for _ in range(rounds)]
    bfloat16 = TrainingStep(initialised(network, 0), recipe, None).bfloat16
    return {
        "batch_size": batch_size,
        "precision": "bfloat16" if bfloat16 else "float32",
        "step_ms": 1e3 * statistics.median(own for own, _, _ in steps),
        "eager_step_ms": 1e3 * statistics.median(same for _, same, _ in steps),
        "textbook_step_ms": 1e3 * statistics.median(other for _, _, other in steps),
        "step_ratio": statistics.median(same / own for own, same, _ in steps),
        "textbook_step_ratio": statistics.median(other / own for own, _, other in steps),
    }


class OurEpoch:
    """An epoch as training does it; ``loading`` tells the seconds spent on batches so far."""

    def __init__(self, network: NetworkSpec, table: PixelTable) -> None:
        recipe = Recipe.for_images(len(table), orientation_free=True)
        ours = initialised(network, 0).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self._step = TrainingStep(ours, recipe, None)
        self._average = RunningAverage(ours, recipe.averaging)
        self._batches = TrainingBatches(table, recipe.batch_size, Augmentation.orientation_free(), 0)
        self._mixer = np.random.default_rng(0)

    def __call__(self) -> None:
        for number, (pixels, labels) in enumerate(self._batches.epoch(1), 1):
            self._step(1e-4, pixels, labels, self._mixer)
            self._average.update(number)

    @property
    def loading(self) -> float:
        return self._batches.loading_seconds


def textbook_epoch(network: NetworkSpec, folder: Path, batch_size: int) -> Callable[[], object]:
    """An epoch of the textbook's loop; its workers are started."""
    plain = textbook_step(initialised(network, 0))
    images = loader(folder, network.input.channels, network.input.height, batch_size)

    def epoch() -> None:
        for pixels, labels in images:
            plain(pixels * 255, labels)

    epoch()
    return epoch


def epoch_figures(network: NetworkSpec, table: PixelTable, folder: Path, epochs: int) -> dict[str, Any]:
    """Seconds of an epoch, ours and the textbook's, with the recipe's batches; medians, ratio, loading."""
    batch_size = Recipe.for_images(len(table), orientation_free=True).batch_size
    keep_freed_memory()
    ours = OurEpoch(network, table)
    ours()
    with Elsewhere(partial(textbook_epoch, network, folder, batch_size), JOB.threads) as textbook:
        textbook()
        loaded = ours.loading
        whole = [(seconds_of(ours), textbook()) for _ in range(epochs)]
        loading = (ours.loading - loaded) / sum(own for own, _ in whole)
    return {
        "epoch_seconds": statistics.median(own for own, _ in whole),
        "textbook_epoch_seconds": statistics.median(other for _, other in whole),
        "epoch_ratio": statistics.median(other / own for own, other in whole),
        "loading_percent": 100.0 * loading,
    }


def compare(
    network: NetworkSpec, table: PixelTable, folder: Path, rounds: int, epochs: int
) -> dict[str, Any]:
    """Both loops on one network."""
    recipe = Recipe.for_images(len(table), orientation_free=True)
    return {
        "network": digest(network),
        "blocks": sorted({type(block).__name__.removesuffix("Spec") for block in network.blocks}),
        "parameters": cost(network).parameters,
        "macs": cost(network).macs,
        "steps": [step_figures(network, table, size, rounds) for size in (recipe.batch_size, LARGE_BATCH)],
        **epoch_figures(network, table, folder, epochs),
    }


def main() -> None:
    """Measure, and write results/training_speed.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(JOB.threads)
    data = open_data_set("elpv")
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = class_folders(data, Path(name))
        for network in networks(data):
            table = PixelCache(None).table(data.learning.train, preprocessing_of(network))
            rows.append(compare(network, table, folder, given.rounds, given.epochs))
            print(rows[-1], flush=True)
    path = write_record(
        "training_speed",
        "whole epochs at least twice as fast as the textbook's loop, steps alone at least 1.4 times",
        {"threads": JOB.threads, "images": len(data.learning.train), "rows": rows},
        commands=[f"python -m benchmarks.training_speed --rounds {given.rounds} --epochs {given.epochs}"],
        seed=0,
    )
    print(path)


if __name__ == "__main__":
    main()
