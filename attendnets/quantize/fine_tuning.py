"""Quantization-aware fine-tuning: weights learn to give the float network's logits through their int8 grids.

The float network is the teacher, so labels and class weights play no part and what was learned is kept.
Activation grids stay as calibrated: moving with the batches, or learned, they did no better.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.fx import GraphModule
from torch.nn.functional import kl_div, log_softmax

from attendnets.data.augmentation import Augmentation
from attendnets.data.batches import PixelTable, TrainingBatches
from attendnets.errors import QuantizationError
from attendnets.quantize.grids import Mode, set_mode
from attendnets.quantize.program import duplicate, settle
from attendnets.quantize.record import Progress, QuantizationOptions
from attendnets.training import accuracy

_WARMUP_STEPS = 50
_TIMED_STEPS = 6
# Rates are relative to a weight's magnitude; an all but zero one must still be able to move.
_WEAKEST_CHANNEL = 1e-3
_SMALLEST_BIAS = 1e-2


@dataclass(frozen=True)
class FineTuning:
    """What fine-tuning did: of ``epochs`` the best by validation was kept."""

    epochs: int
    best_epoch: int
    validation_top1_percent: float
    validation_loss: float


def fine_tune(
    program: GraphModule,
    train: PixelTable,
    validation: PixelTable,
    *,
    augmentation: Augmentation,
    options: QuantizationOptions,
    seed: int,
    progress: Progress | None,
) -> FineTuning:
    """Fine-tune a calibrated program in place; leaves the weights of its best epoch in it, settled.

    Raises QuantizationError where the loss is not finite.
    """
    student = _Student(program, options.rate)
    batches = TrainingBatches(train, options.batch_size, augmentation, seed)
    epochs = _planned_epochs(program, batches, validation, options)
    total, step, kept = epochs * len(batches), 0, None
    best = student.weights()
    for epoch in range(1, epochs + 1):
        for pixels, _ in batches.epoch(epoch):
            loss = student.step(pixels, _rate(options.rate, step, total))
            if not math.isfinite(loss):
                raise QuantizationError(
                    f"The fine-tuning loss is {loss} in epoch {epoch}. Fine-tune at a lower rate than "
                    f"{options.rate:g}, or not at all."
                )
            step += 1
        student.write()
        reached = accuracy(program, validation)
        found = FineTuning(epochs, epoch, reached.top1_percent, reached.loss)
        if kept is None or _merit(found) > _merit(kept):
            kept, best = found, student.weights()
        if progress is not None:
            progress(f"fine-tuning, {kept.validation_top1_percent:.1f} % so far", epoch, epochs)
    assert kept is not None
    student.load(best)
    settle(program)
    return kept


def _merit(found: FineTuning) -> tuple[float, float]:
    return found.validation_top1_percent, -found.validation_loss


def _rate(rate: float, step: int, total: int) -> float:
    warmup = min(_WARMUP_STEPS, total // 5)
    if step < warmup:
        return rate * (step + 1) / (warmup + 1)
    return rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))


def _planned_epochs(
    program: GraphModule, batches: TrainingBatches, validation: PixelTable, options: QuantizationOptions
) -> int:
    if options.epochs is not None:
        return options.epochs
    if options.seconds is None:
        return max(1, math.ceil(options.steps / len(batches)))
    started = time.perf_counter()
    accuracy(program, validation)
    validating = time.perf_counter() - started
    student, times = _Student(duplicate(program), options.rate), []
    for pixels, _ in batches.epoch(0):
        begun = time.perf_counter()
        student.step(pixels, options.rate / 100)
        times.append(time.perf_counter() - begun)
        if len(times) == _TIMED_STEPS:
            break
    per_epoch = sorted(times)[len(times) // 2] * len(batches) + validating
    return max(1, int((options.seconds - (time.perf_counter() - started)) / per_epoch))


class _Student:
    """A program's weights as multiples of their magnitudes, which Adam then changes by like shares.

    Folding batch norms and the pixel scale leaves magnitudes that differ a thousandfold between layers and
    between channels; steps of one absolute size would wreck the small ones or never move the large.
    """

    def __init__(self, program: GraphModule, rate: float) -> None:
        self.program = program
        self.teacher = duplicate(program)
        set_mode(self.teacher, Mode.PASS)
        set_mode(program, Mode.QUANTIZE)
        self._magnitudes = {name: _magnitude(p.detach()) for name, p in program.named_parameters()}
        self._multiples = {
            name: nn.Parameter(p.detach() / self._magnitudes[name]) for name, p in program.named_parameters()
        }
        self._optimizer = torch.optim.Adam(self._multiples.values(), lr=rate)

    def step(self, pixels: Tensor, rate: float) -> float:
        """One step on float32 pixels (B, C, H, W); returns the Kullback-Leibler divergence in nats."""
        with torch.no_grad():
            wanted = log_softmax(self.teacher(pixels), 1)
        given = functional_call(self.program, self._scaled(), (pixels,))
        loss = kl_div(log_softmax(given, 1), wanted, log_target=True, reduction="batchmean")
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        return float(loss.detach())

    def write(self) -> None:
        """Put the weights of the moment into the program."""
        self.load(self.weights())

    def weights(self) -> dict[str, Tensor]:
        """The weights of the moment."""
        with torch.no_grad():
            return self._scaled()

    def load(self, weights: dict[str, Tensor]) -> None:
        """Put ``weights`` into the program."""
        with torch.no_grad():
            for name, parameter in self.program.named_parameters():
                parameter.copy_(weights[name])

    def _scaled(self) -> dict[str, Tensor]:
        return {name: multiple * self._magnitudes[name] for name, multiple in self._multiples.items()}


def _magnitude(parameter: Tensor) -> Tensor:
    """Root mean square, of each output channel for weights (broadcasts against it), of all for biases."""
    if parameter.ndim == 1:
        return parameter.square().mean().sqrt().clamp_min(_SMALLEST_BIAS)
    channels = parameter.flatten(1).square().mean(1).sqrt()
    channels = channels.clamp_min(float(channels.max()) * _WEAKEST_CHANNEL)
    channels = torch.where(channels > 0, channels, torch.ones_like(channels))
    return channels.reshape(-1, *[1] * (parameter.ndim - 1))
