"""Bringing a trained network to 8 bits; fine-tuned by itself where that costs too much."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import Tensor
from torch.fx import GraphModule

from attendnets.data.augmentation import Augmentation
from attendnets.data.batches import PixelTable, evaluation_batches
from attendnets.errors import QuantizationError
from attendnets.quantize.calibration import Calibration, calibrate
from attendnets.quantize.fine_tuning import fine_tune
from attendnets.quantize.network import QuantizedNetwork
from attendnets.quantize.program import Foldable, duplicate, prepare, settle
from attendnets.quantize.record import Progress, QuantizationOptions, QuantizationRecord
from attendnets.training import Accuracy, accuracy

_BATCH = 64


def quantize_post_training(
    network: Foldable, calibration: PixelTable, *, images: int | None = None
) -> QuantizedNetwork:
    """Quantize with ranges chosen on ``images`` rows, spread evenly over ``calibration`` (all by default).

    Raises QuantizationError where an operator has no int8 form or values are not finite.
    """
    prepared, _ = _calibrated(network, calibration, images or len(calibration))
    return QuantizedNetwork.of(prepared, network.spec, "ptq")


def quantize_aware(
    network: Foldable,
    train: PixelTable,
    validation: PixelTable,
    *,
    augmentation: Augmentation | None = None,
    options: QuantizationOptions | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> QuantizedNetwork:
    """Quantize after training and fine-tune in any case; the best epoch by ``validation`` is kept."""
    options = options or QuantizationOptions()
    prepared, _ = _calibrated(network, train, options.calibration_images)
    fine_tune(
        prepared,
        train,
        validation,
        augmentation=augmentation or Augmentation(),
        options=options,
        seed=seed,
        progress=progress,
    )
    return QuantizedNetwork.of(prepared, network.spec, "qat")


def quantize(
    network: Foldable,
    train: PixelTable,
    validation: PixelTable,
    *,
    augmentation: Augmentation | None = None,
    options: QuantizationOptions | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[QuantizedNetwork, QuantizationRecord]:
    """The better of post-training quantization and, where that is needed, fine-tuning; see the options.

    Same network, tables, options, seed and number of threads: same bits. Raises QuantizationError as
    :func:`quantize_post_training`.
    """
    options, tell = options or QuantizationOptions(), progress or _silent
    started = time.perf_counter()
    if len(validation) == 0:
        raise QuantizationError("There are no validation images to compare 8 bits with float on: give some.")
    tell("calibrating", 0, 1)
    prepared, calibration = _calibrated(network, train, options.calibration_images)
    tell("measuring what 8 bits cost", 0, 1)
    in_float = accuracy(network.fold().eval(), validation)
    kept = QuantizedNetwork.of(prepared, network.spec, "ptq")
    ptq = reached = accuracy(kept.program, validation)
    epochs, qat = 0, None
    if _needs_fine_tuning(in_float, ptq, options):
        tell("fine-tuning", 0, 1)
        student = duplicate(prepared)
        found = fine_tune(
            student,
            train,
            validation,
            augmentation=augmentation or Augmentation(),
            options=options,
            seed=seed,
            progress=progress,
        )
        tuned = QuantizedNetwork.of(student, network.spec, "qat")
        epochs, qat = found.epochs, accuracy(tuned.program, validation)
        if _merit(qat) > _merit(ptq):
            kept, reached = tuned, qat
    tell("quantized", 1, 1)
    return kept, QuantizationRecord(
        method=kept.method,
        float_validation_top1_percent=in_float.top1_percent,
        ptq_validation_top1_percent=ptq.top1_percent,
        validation_top1_percent=reached.top1_percent,
        images=reached.images,
        qat_epochs=epochs,
        seconds=time.perf_counter() - started,
        calibration_images=calibration.images,
        range_rule=calibration.rule,
        calibration_error=calibration.error,
        qat_validation_top1_percent=None if qat is None else qat.top1_percent,
        seed=seed,
        threads=torch.get_num_threads(),
    )


def _calibrated(network: Foldable, table: PixelTable, images: int) -> tuple[GraphModule, Calibration]:
    if len(table) == 0:
        raise QuantizationError("There are no images to calibrate 8 bits on: give some training images.")
    rows = np.unique(np.linspace(0, len(table) - 1, num=min(images, len(table)), dtype=np.int64))
    prepared = prepare(network)
    batches: list[Tensor] = [pixels for pixels, _ in evaluation_batches(table.select(rows), _BATCH)]
    calibration = calibrate(prepared, batches)
    settle(prepared)
    return prepared, calibration


def _needs_fine_tuning(in_float: Accuracy, ptq: Accuracy, options: QuantizationOptions) -> bool:
    if options.fine_tune == "when needed":
        return in_float.top1_percent - ptq.top1_percent > options.tolerated_drop
    return options.fine_tune == "always"


def _merit(reached: Accuracy) -> tuple[float, float]:
    return reached.top1_percent, -reached.loss


def _silent(text: str, done: int, total: int) -> None:
    """Tell nobody."""
