"""The stages that learn: exploration, training, quantization. None of them can reach a test image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from safetensors.torch import load_file, save
from torch import nn

from attendnets import atomic
from attendnets.cost import cost
from attendnets.data import DataSet
from attendnets.errors import RunFolderError
from attendnets.exploration.proposer import MutationProposer
from attendnets.exploration.prototypes import prototypes
from attendnets.exploration.screening import Screen
from attendnets.exploration.short_training import TRAINING_IMAGES, ShortTrainer, initialised
from attendnets.exploration.space import DesignSpace
from attendnets.exploration.study import ExploreOptions, StudyProgress, StudyRecord, explore
from attendnets.networks.assemble import Network, assemble
from attendnets.pipeline import planning
from attendnets.pipeline.context import Context
from attendnets.pipeline.listener import Step
from attendnets.quantize import (
    QuantizationOptions,
    QuantizationRecord,
    QuantizedNetwork,
    quantize,
    restore,
)
from attendnets.requirements import Requirements
from attendnets.run import Job, file_digest
from attendnets.spec import to_json
from attendnets.training import Budget, Progress, Recipe, TrainingRecord, train


def explore_stage(context: Context) -> StudyRecord:
    """Choose a network: short trainings of what passes the counted requirements."""
    run, job, learning = context.run, context.job, context.data.learning
    inputs = {
        "data": context.data.digest,
        "requirements": ",".join(job.requirements),
        "budget": f"{job.trials}/{job.minutes}",
        "seed": f"{job.seed}/{job.threads}",
    }
    if run.is_finished("explore", inputs):
        context.listener.skipped("explore")
        return run.read(run.study, StudyRecord)
    context.listener.started("explore")
    with run.stage("explore", inputs):
        space, screen = design(context.data, job)
        record = explore(
            space,
            screen,
            MutationProposer(space, prototypes(space, screen)),
            ShortTrainer(learning, context.cache, _recipe(context), context.augmentation, job.seed),
            options=ExploreOptions(
                trials=job.trials,
                seconds=planning.explore_seconds(job),
                rung_epochs=planning.rung_epochs(job, min(len(learning.train), TRAINING_IMAGES)),
                seed=job.seed,
            ),
            journal=run.journal,
            context=f"{context.data.digest[:16]}/{','.join(job.requirements)}/{job.seed}",
            progress=lambda progress: context.listener.step(_study_step(progress, job.trials)),
        )
        atomic.write_json(run.study, record)
        atomic.write_text(run.network, to_json(record.network))
    trained = sum(candidate.epochs > 0 for candidate in record.candidates)
    best = max(c.validation_top1_percent or 0.0 for c in record.candidates)
    context.listener.finished(
        "explore",
        run.record.stages["explore"].seconds,
        f"{record.screened} screened on cost, {trained} trained shortly, best {best:.1f} % on "
        f"{record.validation_images} validation images; chosen {record.chosen}",
    )
    return record


def design(data: DataSet, job: Job) -> tuple[DesignSpace, Screen]:
    """The design space of a data set, and what of it the job's requirements and minutes let pass."""
    space = DesignSpace.for_data(data.check.sizes, data.channels, len(data.classes))
    limit = planning.largest_macs(job, len(data.learning.train))
    return space, Screen(Requirements.parse(job.requirements), limit)


def train_stage(context: Context) -> TrainingRecord:
    """Train the chosen network; the best weights by validation are written."""
    run, job = context.run, context.job
    inputs = {
        "network": file_digest(run.network),
        "data": context.data.digest,
        "budget": f"{job.epochs}/{job.minutes}",
        "seed": f"{job.seed}/{job.threads}",
    }
    if run.is_finished("train", inputs):
        context.listener.skipped("train")
        return run.read(run.training, TrainingRecord)
    context.listener.started("train")
    with run.stage("train", inputs):
        checkpoint = run.checkpoint(inputs)
        network = initialised(context.network, job.seed)
        seconds = planning.train_seconds(job, run.seconds)
        record = train(
            network,
            context.train_table(),
            context.validation_table(),
            recipe=_recipe(context),
            budget=Budget(epochs=job.epochs) if seconds is None else Budget(seconds=seconds),
            augmentation=context.augmentation,
            seed=job.seed,
            checkpoint=checkpoint,
            progress=lambda progress: context.listener.step(_training_step(progress)),
        )
        tensors = {name: value.contiguous() for name, value in network.state_dict().items()}
        atomic.write_bytes(run.weights, save(tensors))
        atomic.write_json(run.training, record)
    checkpoint.unlink(missing_ok=True)
    context.listener.finished(
        "train",
        run.record.stages["train"].seconds,
        f"{len(record.epochs)} epochs, {record.validation_top1_percent:.1f} % on "
        f"{record.validation_images} validation images (best epoch {record.best_epoch}); "
        f"loading {100 * record.loading_seconds / record.seconds:.1f} % of the time",
    )
    return record


def quantize_stage(context: Context) -> QuantizationRecord:
    """Bring the trained network to 8 bits; fine-tunes by itself where that loses more than a point."""
    run, job = context.run, context.job
    inputs = {"network": file_digest(run.network), "weights": file_digest(run.weights), "seed": str(job.seed)}
    if run.is_finished("quantize", inputs):
        context.listener.skipped("quantize")
        return run.read(run.quantization, QuantizationRecord)
    run.require("train")
    context.listener.started("quantize")
    with run.stage("quantize", inputs):
        quantized, record = quantize(
            trained_network(context),
            context.train_table(),
            context.validation_table(),
            augmentation=context.augmentation,
            options=_quantization_options(context),
            seed=job.seed,
            progress=lambda text, done, total: context.listener.step(
                Step("quantize", text, done, total, None)
            ),
        )
        atomic.write_bytes(run.observed, save(quantized.observed))
        atomic.write_json(run.quantization, record)
    context.listener.finished(
        "quantize",
        run.record.stages["quantize"].seconds,
        f"{record.method}: {record.validation_top1_percent:.1f} % with 8 bits, "
        f"{record.float_validation_top1_percent:.1f} % with 32 on {record.images} validation images",
    )
    return record


def trained_network(context: Context) -> Network:
    """The chosen network with its trained weights, in eval mode."""
    network = assemble(context.network)
    _load(network, context.run.weights)
    return network.eval()


def quantized_network(context: Context) -> QuantizedNetwork:
    """The quantized network of this run, bit for bit."""
    run = context.run
    run.require("quantize")
    method = run.read(run.quantization, QuantizationRecord).method
    return restore(context.network, load_file(run.observed), method)


def _recipe(context: Context) -> Recipe:
    learning = context.data.learning
    return Recipe.for_images(len(learning.train), learning.orientation_free)


def _quantization_options(context: Context) -> QuantizationOptions:
    options = QuantizationOptions()
    macs = cost(context.network).macs
    return replace(options, steps=planning.fine_tuning_steps(context.job, macs, options.batch_size))


def _load(network: nn.Module, path: Path) -> None:
    if not path.exists():
        raise RunFolderError(f"{path} is missing: run attendnets train first.")
    try:
        network.load_state_dict(load_file(path))
    except RuntimeError as error:
        raise RunFolderError(
            f"{path} does not hold this network's weights: {error}. Train it again."
        ) from error


def _study_step(progress: StudyProgress, trials: int | None) -> Step:
    best = "" if progress.best_top1_percent is None else f", best {progress.best_top1_percent:.1f} %"
    text = f"{progress.started} candidates{best}"
    if trials is not None:
        return Step("explore", text, progress.started, trials, None)
    left = progress.seconds_left or 0.0
    return Step("explore", text, progress.seconds, progress.seconds + left, left)


def _training_step(progress: Progress) -> Step:
    last = progress.last
    best = "" if last is None else f", {last.validation_top1_percent:.1f} % on validation"
    done = (progress.epoch - 1) * progress.steps + progress.step
    return Step(
        "train",
        f"epoch {progress.epoch} of {progress.epochs}{best}",
        done,
        progress.epochs * progress.steps,
        progress.seconds_left,
    )
