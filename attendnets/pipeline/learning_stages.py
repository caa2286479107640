"""The stages that learn: exploration, training, quantization. None of them can reach a test image."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import msgspec
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from attendnets import atomic
from attendnets.cost import cost
from attendnets.data import DataSet
from attendnets.errors import RunFolderError
from attendnets.exploration.database import Database
from attendnets.exploration.decisions import Space
from attendnets.exploration.journal import JournalFile
from attendnets.exploration.objective import NETSCORE, objective_named
from attendnets.exploration.open_space import OpenSpace
from attendnets.exploration.place import StudyPlace
from attendnets.exploration.record import StudyRecord
from attendnets.exploration.screening import Screen
from attendnets.exploration.short_training import TRAINING_IMAGES, initialised
from attendnets.exploration.space import DesignSpace
from attendnets.exploration.study import ExploreOptions, explore
from attendnets.networks.assemble import Network, assemble
from attendnets.pipeline import planning
from attendnets.pipeline.candidate_workers import candidate_workers, told_deaths, worker_plan
from attendnets.pipeline.context import Context
from attendnets.pipeline.freezing import frozen_reference
from attendnets.pipeline.given_network import given_network, given_study, require_fitting
from attendnets.pipeline.listener import Step
from attendnets.pipeline.telling import tell_again, tell_fidelities, told_rollback, told_study, told_training
from attendnets.quantize import (
    QuantizationOptions,
    QuantizationRecord,
    QuantizedNetwork,
    quantize,
    restore,
)
from attendnets.requirements import Requirements
from attendnets.run import Job, deciding_versions, file_digest
from attendnets.spec import to_json
from attendnets.training import Budget, Recipe, TrainingRecord, train


def explore_stage(context: Context) -> StudyRecord:
    """Choose a network: short trainings of what passes the counted requirements, or the one that is given."""
    run, job, inputs = context.run, context.job, _explore_inputs(context)
    if is_explored(context):
        context.listener.skipped("explore")
        record = run.read(run.study, StudyRecord)
        tell_again(context, record)
        return record
    context.listener.started("explore")
    with run.stage("explore", inputs, run.study, run.network):
        record = _explored(context) if job.network is None else _given(context, job.network)
        atomic.write_json(run.study, record)
        atomic.write_text(run.network, to_json(record.network))
    context.listener.chosen(record.chosen)
    context.listener.finished("explore", run.record.stages["explore"].seconds, _outcome(record))
    tell_fidelities(context.listener, record)
    if job.trials is not None and job.network is None and record.trials < job.trials:
        context.listener.note(
            f"{record.trials} candidates instead of {job.trials}: no further network that costs let pass "
            "was found."
        )
    return record


def is_explored(context: Context) -> bool:
    """Whether the exploration of the job as it now is has been finished."""
    return context.run.is_finished("explore", _explore_inputs(context))


def _explore_inputs(context: Context) -> dict[str, str]:
    job = context.job
    inputs = {
        "data": context.data.digest,
        "requirements": ",".join(job.requirements),
        "budget": f"{job.trials}/{job.minutes}",
        "seed": f"{job.seed}/{job.threads}",
        "network": job.network or "",
        "beginning": _beginning(job),
    }
    if job.workers is not None:
        inputs["workers"] = f"{job.workers}/{job.worker_cpus}"
    return inputs | _objective(job)


def _explored(context: Context) -> StudyRecord:
    job, learning = context.job, context.data.learning
    space, screen = design(context.data, job)
    rung_epochs = planning.rung_epochs(job, min(len(learning.train), TRAINING_IMAGES))
    place, words = _place(context, space, rung_epochs)
    with candidate_workers(context, _recipe(context)) as workers:
        return explore(
            space,
            screen,
            context.proposer(space, screen),
            workers,
            options=ExploreOptions(
                trials=job.trials,
                seconds=planning.explore_seconds(job),
                rung_epochs=rung_epochs,
                seed=job.seed,
                objective=objective_named(job.objective),
            ),
            place=place,
            context=words,
            progress=told_deaths(context, workers, told_study(context, rung_epochs)),
        )


def _place(context: Context, space: Space, rung_epochs: tuple[int, ...]) -> tuple[StudyPlace, str]:
    """Where the study is kept, and all that decides it in words: a study of other words is another one."""
    job, plan = context.job, worker_plan(context.job)
    # The same number of workers of the same threads find the same, wherever they are and whoever began them.
    threads = str(job.threads) if plan.kind == "here" else f"{plan.threads} for each of {plan.count} workers"
    decisive = {
        "data": context.data.digest[:16],
        "requirements": " ".join(job.requirements) or "none",
        "space": hashlib.sha256(msgspec.json.encode(space.choices())).hexdigest()[:16],
        "epochs": "/".join(map(str, rung_epochs)),
        "minutes": f"{planning.minutes_of(job):g}",
        "seed": str(job.seed),
        "threads": threads,
        **({"beginning": _beginning(job)} if _beginning(job) else {}),
        **_objective(job),
        **deciding_versions(),
    }
    words = ", ".join(f"{name} {value}" for name, value in decisive.items())
    if context.storage is None:
        return JournalFile(context.run.journal), words
    name = job.study or f"attendnets-{hashlib.sha256(words.encode()).hexdigest()[:16]}"
    return Database(context.storage, name), words


def require_study(context: Context) -> None:
    """Raise StudyError unless the context's database holds the study of its job.

    Raises StorageError where the database is out of reach.
    """
    job, learning = context.job, context.data.learning
    space, _ = design(context.data, job)
    place, _ = _place(context, space, planning.rung_epochs(job, min(len(learning.train), TRAINING_IMAGES)))
    if isinstance(place, Database):
        place.require()


def _given(context: Context, name: str) -> StudyRecord:
    network = given_network(name, context.data)
    require_fitting(network, context.data, context.requirements)
    return given_study(network, context.data, context.job)


def _outcome(record: StudyRecord) -> str:
    if record.objective == "given":
        return f"no exploration: {record.chosen} is given"
    trained = sum(candidate.epochs > 0 for candidate in record.candidates)
    failures = sum(candidate.state == "failed" for candidate in record.candidates)
    failed = f"{failures} failed, " if failures else ""
    best = max(c.validation_top1_percent or 0.0 for c in record.candidates)
    words = objective_named(record.objective).words
    limits = [name for name, pressure in record.pressures.items() if pressure]
    limited = f"; limited by {' and '.join(limits)}" if limits else ""
    return (
        f"{record.screened} screened on cost, {trained} trained shortly, {failed}best {best:.1f} % on "
        f"{record.validation_images} validation images; chosen {record.chosen}, {words} of the best in loss"
        f"{limited}"
    )


def design(data: DataSet, job: Job) -> tuple[Space, Screen]:
    """The space of networks for a data set, and what of it the job's requirements and minutes let pass."""
    images = data.check.sizes, data.channels, len(data.classes)
    limit = planning.largest_macs(job, len(data.learning.train))
    screen = Screen(Requirements.parse(job.requirements), limit, job.constraints)
    if job.prototype is None:
        return DesignSpace.for_data(*images), screen
    space = OpenSpace.for_data(job.prototype, *images)
    return space, replace(screen, reference=frozen_reference(space, job.constraints))


def _beginning(job: Job) -> str:
    """What the space is beside the data's own, in short; empty for the whole design space."""
    prototype = "" if job.prototype is None else job.prototype.text
    words = [*([hashlib.sha256(prototype.encode()).hexdigest()[:16]] if prototype else []), *job.constraints]
    return "".join(f"/{word}" for word in words)


def _objective(job: Job) -> dict[str, str]:
    """What tells studies of another U apart; those of NetScore are as they were before there was another."""
    return {} if job.objective == NETSCORE.name else {"objective": job.objective}


def train_stage(context: Context) -> TrainingRecord:
    """Train the chosen network; the best weights by validation are written."""
    run, job = context.run, context.job
    inputs = {
        "network": file_digest(run.network),
        "data": context.data.digest,
        "budget": "/".join(map(str, (job.epochs, job.minutes, job.train_minutes))),
        "seed": f"{job.seed}/{job.threads}",
    }
    if run.is_finished("train", inputs):
        context.listener.skipped("train")
        return run.read(run.training, TrainingRecord)
    context.listener.started("train")
    with run.stage("train", inputs, run.weights, run.training):
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
            progress=told_training(context),
            on_rollback=told_rollback(context),
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
    context.listener.planned(planning.FINISH_SECONDS)
    with run.stage("quantize", inputs, run.observed, run.quantization):
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
    except (RuntimeError, SafetensorError) as error:
        raise RunFolderError(
            f"{path} does not hold this network's weights: {error}. Delete it and train again."
        ) from error
