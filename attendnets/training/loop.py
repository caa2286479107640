"""The training loop: steps, validation, checkpoints, resumption."""

from __future__ import annotations

import copy
import math
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from attendnets.data.augmentation import Augmentation
from attendnets.data.batches import TrainingBatches
from attendnets.data.pixels import PixelTable
from attendnets.errors import DataError, TrainingError
from attendnets.training import checkpoint as checkpoints
from attendnets.training.averaging import RunningAverage
from attendnets.training.evaluation import accuracy, predict_logits
from attendnets.training.recipe import Budget, Recipe
from attendnets.training.record import EpochRecord, Progress, Rollback, TrainingRecord
from attendnets.training.step import TrainingStep, class_weights

_PROGRESS_SECONDS = 1.0
# A share of the budget, so that a busy moment of the machine does not decide how long training is.
_TIMED_SHARE, _MOST_TIMED_SECONDS = 0.02, 8.0
_LEAST_TIMED_STEPS = 3
_PLANNED_SHARE = 0.95

MOST_ROLLBACKS = 3
ROLLBACK_DIVISOR = 3.0

_fork_rng = torch.random.fork_rng


def train(
    network: nn.Module,
    train: PixelTable,
    validation: PixelTable,
    *,
    recipe: Recipe,
    budget: Budget,
    augmentation: Augmentation,
    seed: int = 0,
    checkpoint: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    on_rollback: Callable[[Rollback], None] | None = None,
) -> TrainingRecord:
    """Train ``network`` (pixels ``(B, C, H, W)`` to logits ``(B, classes)``) in place.

    Left in ``network``, in evaluation mode, are the averaged weights of the epoch with the best
    validation accuracy, the lower validation loss deciding between equals. With ``checkpoint`` the
    state is kept there after each epoch, and a training that finds its own checkpoint goes on from it,
    with results equal to the bit on the same number of threads. Under the "constant" schedule that
    checkpoint may be continued to more epochs than it was planned for: trained to 3, then to 9.

    A loss or a weight that is no finite number takes the training back to the end of the last epoch, from
    where it goes on at a third of the rate; ``on_rollback`` hears of it. That may happen three times.

    The starting weights are the caller's; order, augmentation, mixup and dropout follow from ``seed``.
    Raises DataError for too few images, TrainingError when the loss is no number for the fourth time, and
    when ``checkpoint`` belongs to another training.
    """
    run = _Run(network, train, validation, recipe, augmentation, seed)
    if checkpoint is not None and checkpoint.exists():
        run.resume(checkpoint, budget)
    else:
        run.planned_epochs = budget.epochs or run.plan(budget.seconds or 0.0)
    while len(run.epochs) < run.planned_epochs:
        try:
            run.epoch(progress)
        except _DivergedError as diverged:
            rollback = run.roll_back(diverged)
            if on_rollback is not None:
                on_rollback(rollback)
        if checkpoint is not None:
            run.write(checkpoint)
    return run.finish()


class _DivergedError(Exception):
    """Loss or weights are no numbers any more, after ``step`` steps of ``epoch`` at ``rate``."""

    def __init__(self, epoch: int, step: int, rate: float, what: str) -> None:
        super().__init__(what)
        self.epoch, self.step, self.rate, self.what = epoch, step, rate, what


class _Run:
    def __init__(
        self,
        network: nn.Module,
        train: PixelTable,
        validation: PixelTable,
        recipe: Recipe,
        augmentation: Augmentation,
        seed: int,
    ) -> None:
        if len(train.labels) < 2 or len(validation.labels) == 0:
            raise DataError(
                f"There are {len(train.labels)} training and {len(validation.labels)} validation images; "
                "at least 2 and 1 are needed."
            )
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.train, self.validation = train, validation
        self.recipe, self.augmentation, self.seed = recipe, augmentation, seed
        self.batches = TrainingBatches(train, recipe.batch_size, augmentation, seed)
        self.steps_per_epoch = max(1, len(train.labels) // recipe.batch_size)
        classes = predict_logits(network, validation.select([0])).shape[1]
        self.class_weights = class_weights(train, recipe, classes)
        self.step = TrainingStep(network, recipe, self.class_weights)
        self.average = RunningAverage(network, recipe.averaging)
        self.planned_epochs = 0
        self.steps_done = 0
        self.epochs: list[EpochRecord] = []
        self.best_epoch = 0
        self.best: dict[str, Tensor] = {}
        self.rollbacks: list[Rollback] = []
        self.last_good = self._state(), _copies(self._parts())

    def epoch(self, progress: Callable[[Progress], None] | None) -> None:
        """One epoch of steps, then validation of the averaged weights."""
        number = len(self.epochs) + 1
        started, loaded, told = time.perf_counter(), self.batches.loading_seconds, time.perf_counter()
        total = self.planned_epochs * self.steps_per_epoch
        losses: list[float] = []
        rate = 0.0
        # Dropout draws from torch's global generator: the epoch gets a state of its own, the caller his back.
        with _fork_rng(devices=[]):
            torch.manual_seed(_seed(self.seed, number, 0))
            mixer = np.random.default_rng(_seed(self.seed, number, 1))
            self.network.train()
            for pixels, labels in self.batches.epoch(number):
                rate = self.recipe.rate_at(self.steps_done, total) / ROLLBACK_DIVISOR ** len(self.rollbacks)
                loss = self.step(rate, pixels, labels, mixer)
                if not math.isfinite(loss):
                    raise _DivergedError(number, len(losses) + 1, rate, f"the loss is {loss}")
                losses.append(loss)
                self.steps_done += 1
                self.average.update(self.steps_done)
                now = time.perf_counter()
                due = now - told >= _PROGRESS_SECONDS and len(losses) < self.steps_per_epoch
                if progress is not None and due:
                    told = now
                    progress(self._progress(number, len(losses), now - started))
        figures = accuracy(self.average.network, self.validation)
        if not (math.isfinite(figures.loss) and _are_finite(self.network)):
            raise _DivergedError(number, len(losses), rate, "a weight is no finite number")
        record = EpochRecord(
            epoch=number,
            seconds=time.perf_counter() - started,
            loading_seconds=self.batches.loading_seconds - loaded,
            rate=rate,
            train_loss=float(np.mean(losses)),
            validation_loss=figures.loss,
            validation_top1_percent=figures.top1_percent,
        )
        self.epochs.append(record)
        if self.best_epoch == 0 or _merit(record) > _merit(self.epochs[self.best_epoch - 1]):
            self.best_epoch = number
            self.best = {name: value.clone() for name, value in self.average.network.state_dict().items()}
        self.last_good = self._state(), _copies(self._parts())
        if progress is not None:
            progress(self._progress(number, self.steps_per_epoch, 0.0))

    def _progress(self, epoch: int, step: int, seconds: float) -> Progress:
        """``seconds`` were spent on ``step`` steps of an unfinished epoch, 0 when it is finished."""
        if self.epochs:
            per_epoch = float(np.median([record.seconds for record in self.epochs[-20:]]))
        else:
            per_epoch = seconds / step * self.steps_per_epoch
        epochs_left = self.planned_epochs - epoch + 1 - step / self.steps_per_epoch
        return Progress(
            epoch=epoch,
            epochs=self.planned_epochs,
            step=step,
            steps=self.steps_per_epoch,
            seconds_left=per_epoch * epochs_left,
            last=self.epochs[-1] if self.epochs else None,
        )

    def plan(self, seconds: float) -> int:
        """Whole epochs that fit into ``seconds``, by the median time of a few steps on a copy."""
        started = time.perf_counter()
        network = copy.deepcopy(self.network).train()
        step = TrainingStep(network, self.recipe, self.class_weights)
        average = RunningAverage(network, self.recipe.averaging)
        batches = TrainingBatches(self.train, self.recipe.batch_size, self.augmentation, self.seed)
        timed = min(seconds * _TIMED_SHARE, _MOST_TIMED_SECONDS)
        times: list[float] = []
        with _fork_rng(devices=[]):
            torch.manual_seed(_seed(self.seed, 0, 0))
            mixer = np.random.default_rng(_seed(self.seed, 0, 1))
            begun = time.perf_counter()
            for pixels, labels in _endless(batches):
                step(self.recipe.rate / 100, pixels, labels, mixer)
                average.update(len(times) + 1)
                times.append(time.perf_counter() - begun)
                begun = time.perf_counter()
                if len(times) >= _LEAST_TIMED_STEPS and begun - started > timed:
                    break
        begun = time.perf_counter()
        accuracy(average.network, self.validation)
        validating = time.perf_counter() - begun
        # The first steps also compile kernels.
        per_epoch = float(np.median(times[2:])) * self.steps_per_epoch + validating
        left = seconds * _PLANNED_SHARE - (time.perf_counter() - started)
        return min(self.recipe.most_epochs, max(1, int(left / per_epoch)))

    @cached_property
    def job(self) -> str:
        """What must be the same for a checkpoint to be continued, as text."""
        images = len(self.train.labels)
        some = np.linspace(0, images - 1, num=min(256, images), dtype=np.int64)
        pixels = zlib.crc32(self.train.pixels[some].tobytes())
        labels = zlib.crc32(np.concatenate([self.train.labels, self.validation.labels]).tobytes())
        shapes = [(name, tuple(value.shape)) for name, value in self.network.state_dict().items()]
        layout = zlib.crc32(repr(shapes).encode())
        parts = {
            "images": f"{self.train.pixels.shape} {pixels:08x} {labels:08x}",
            "network": f"{layout:08x}",
            "recipe": self.recipe,
            "bfloat16": self.step.bfloat16,
            "augmentation": self.augmentation,
            "seed": self.seed,
        }
        return msgspec.json.encode(parts).decode()

    def roll_back(self, diverged: _DivergedError) -> Rollback:
        """Take the state at the end of the last good epoch up again; the next rate is a third of this one."""
        where = f"epoch {diverged.epoch}, step {diverged.step} of {self.steps_per_epoch}"
        if len(self.rollbacks) == MOST_ROLLBACKS:
            raise TrainingError(
                f"Training diverged: {diverged.what} at {where} (rate {diverged.rate:.2g}), after going back "
                f"{MOST_ROLLBACKS} times to a lower rate. Train at a lower rate than {self.recipe.rate:g}, "
                "or look for images or labels that make no sense."
            )
        rollback = Rollback(diverged.epoch, diverged.step, diverged.rate, diverged.what)
        self.rollbacks.append(rollback)
        self._restore(*self.last_good)
        return rollback

    def write(self, path: Path) -> None:
        """The state after the last epoch."""
        checkpoints.write(path, self._state(), self._parts())

    def _state(self) -> checkpoints.State:
        return checkpoints.State(
            version=checkpoints.VERSION,
            job=self.job,
            planned_epochs=self.planned_epochs,
            steps_done=self.steps_done,
            best_epoch=self.best_epoch,
            epochs=tuple(self.epochs),
            rollbacks=tuple(self.rollbacks),
        )

    def _parts(self) -> dict[str, dict[str, Tensor]]:
        return {
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "best": self.best,
            "optimizer": self.step.optimizer.tensors(),
        }

    def _restore(self, state: checkpoints.State, parts: Mapping[str, Mapping[str, Tensor]]) -> None:
        self.steps_done, self.best_epoch, self.epochs = state.steps_done, state.best_epoch, list(state.epochs)
        self.network.load_state_dict(parts["network"])
        self.average.network.load_state_dict(parts["average"])
        self.step.optimizer.load(parts.get("optimizer", {}), self.steps_done)
        self.best = dict(parts.get("best", {}))

    def resume(self, path: Path, budget: Budget) -> None:
        """Go on from ``path``; its plan holds unless ``budget`` names another number of epochs."""
        state, parts = checkpoints.read(path)
        if state.job != self.job:
            raise TrainingError(
                f"{path} belongs to another training: it has {state.job}, this one is {self.job}. "
                "Delete it or give another path."
            )
        self.planned_epochs = budget.epochs or state.planned_epochs
        if self.recipe.schedule == "cosine" and self.planned_epochs != state.planned_epochs:
            raise TrainingError(
                f"{path} is of a training planned for {state.planned_epochs} epochs and cannot go on to "
                f"{self.planned_epochs}: its rate follows a cosine over all epochs. "
                "Delete it to start again, or train at a constant rate."
            )
        self.rollbacks = list(state.rollbacks)
        self._restore(state, parts)
        self.last_good = self._state(), _copies(self._parts())

    def finish(self) -> TrainingRecord:
        """Leave the best weights in the network."""
        self.network.load_state_dict(self.best)
        self.network.eval()
        best = self.epochs[self.best_epoch - 1]
        return TrainingRecord(
            epochs=tuple(self.epochs),
            best_epoch=self.best_epoch,
            validation_top1_percent=best.validation_top1_percent,
            validation_loss=best.validation_loss,
            validation_images=len(self.validation.labels),
            train_images=len(self.train.labels),
            seconds=sum(record.seconds for record in self.epochs),
            loading_seconds=sum(record.loading_seconds for record in self.epochs),
            recipe=self.recipe,
            precision="bfloat16" if self.step.bfloat16 else "float32",
            seed=self.seed,
            threads=torch.get_num_threads(),
            rollbacks=tuple(self.rollbacks),
        )


def _copies(parts: Mapping[str, Mapping[str, Tensor]]) -> dict[str, dict[str, Tensor]]:
    return {
        part: {name: value.detach().clone() for name, value in tensors.items()}
        for part, tensors in parts.items()
    }


def _are_finite(network: nn.Module) -> bool:
    norms = torch._foreach_norm([parameter.detach() for parameter in network.parameters()])
    return bool(torch.stack(norms).isfinite().all())


def _merit(record: EpochRecord) -> tuple[float, float]:
    return record.validation_top1_percent, -record.validation_loss


def _seed(*parts: int) -> int:
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


def _endless(batches: TrainingBatches) -> Iterator[tuple[Tensor, Tensor]]:
    epoch = 0
    while True:
        epoch += 1
        yield from batches.epoch(epoch)
