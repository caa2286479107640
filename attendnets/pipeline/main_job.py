"""The main job: all stages in order over one run folder, each skipped where it is finished."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from attendnets import atomic
from attendnets.data import DataSet, PixelCache, by_kind, image_root, open_data_set, summary
from attendnets.errors import RunFolderError, UsageError
from attendnets.exploration.database import same_database
from attendnets.exploration.open_space import OpenSpace
from attendnets.exploration.record import StudyRecord
from attendnets.exploration.screening import require_feasible
from attendnets.lock import exclusive
from attendnets.pipeline import planning
from attendnets.pipeline.candidate_workers import worker_plan
from attendnets.pipeline.commands import repeat_command
from attendnets.pipeline.context import Context, use_threads
from attendnets.pipeline.eight_bits import require_int8, require_int8_space
from attendnets.pipeline.given_network import given_network, require_fitting
from attendnets.pipeline.learning_stages import (
    design,
    explore_stage,
    is_explored,
    quantize_stage,
    require_study,
    train_stage,
)
from attendnets.pipeline.listener import Listener, Step
from attendnets.pipeline.product_stages import FinalRecord, benchmark_stage, export_stage
from attendnets.pipeline.reporting import report_stage
from attendnets.pipeline.shrinking import shrinking
from attendnets.report import render_check
from attendnets.requirements import Requirements, Verdict
from attendnets.run import Job, RunFolder
from attendnets.training.memory import keep_freed_memory

_OF_TRAINING = {"epochs": "--epochs", "train_minutes": "--minutes"}


@dataclass(frozen=True)
class BuildResult:
    """What a build gives: the run folder, the verdict on the exported file, and the measurement."""

    run: Path
    verdict: Verdict
    record: FinalRecord


def prepare(
    job: Job,
    out: Path,
    listener: Listener | None = None,
    command: str | None = None,
    *,
    int8: bool = False,
    verb: Literal["build", "explore"] = "build",
    storage: str | None = None,
) -> Context:
    """Check the job and its data, and make or take up the run folder.

    ``int8``: what the job begins with must have an exact 8-bit form. ``command`` is what was given; without
    it, it follows from the job and ``verb``. ``storage``: the URL to use instead of the job's.

    Raises UsageError for the job, DataError for the data, InfeasibleError where costs alone rule the
    requirements out, RunFolderError for the folder; nothing is written then.
    """
    listener = listener or Listener()
    kept_storage = job.storage
    job = planning.checked(job if storage is None else replace(job, storage=storage))
    worker_plan(job)
    use_threads(job)
    keep_freed_memory()
    listener.started("check")
    started = time.perf_counter()
    data = open_data_set(
        job.data,
        seed=job.seed,
        group_by=job.group_by,
        progress=lambda done, total: listener.step(Step("check", "images read", done, total, None)),
    )
    command = command or repeat_command(job, out, verb=verb)
    if job.shrink is not None:
        job = shrinking(job, job.shrink, data)
    if job.network is None:
        space, screen = design(data, job)
        if int8 and isinstance(space, OpenSpace):
            require_int8_space(space)
        require_feasible(space, screen, job.seed)
    else:
        # A run that is taken up has the network already, whatever has become of where it came from.
        kept = out / "network.json"
        network = given_network(str(kept) if kept.is_file() else job.network, data)
        require_fitting(network, data, Requirements.parse(job.requirements), job.constraints)
        if int8:
            require_int8(network, job.network)
    run = RunFolder.create(out, replace(job, storage=kept_storage), command, data.digest)
    if job.prototype is not None:
        atomic.write_text(run.prototype, job.prototype.text)
    inputs = {"data": data.digest}
    if not run.is_finished("check", inputs):
        with run.stage("check", inputs, run.data):
            atomic.write_json(run.data, data.check)
            # For people: a run does not depend on it.
            atomic.write_text(run.check_page, render_check(data.check, image_root(job.data)))
    for note in data.notes:
        listener.note(note)
    for kind, findings in by_kind(data.check).items():
        listener.note(summary(kind, findings))
    listener.finished("check", time.perf_counter() - started, _summary(data))
    return Context(run, data, PixelCache(run.cache), listener, storage=job.storage)


def reopen(
    out: Path,
    listener: Listener | None = None,
    *,
    int8: bool = False,
    storage: str | None = None,
    **changes: object,
) -> Context:
    """The context of an existing run, its job's fields changed by ``changes`` where they are not None.

    ``epochs`` and ``train_minutes`` take the place of each other. ``int8`` as :func:`prepare` takes it.
    ``storage``: the URL of the database that holds the run's study, where it is not where it was, or where
    its password is needed.

    Raises UsageError for a ``storage`` where the run's study is in its journal, StudyError where another
    database than before does not hold it.
    """
    run = RunFolder.open(out)
    if storage is not None and run.record.job.storage is None:
        raise UsageError(
            f"--storage: the study of {run.path} is in its own journal, {run.journal}. Leave --storage out."
        )
    given = {name: value for name, value in changes.items() if value is not None}
    if given:
        _change(run, given)
    context = prepare(run.record.job, out, listener, run.record.command, int8=int8, storage=storage)
    if storage is not None and run.record.job.storage is not None:
        if not same_database(storage, run.record.job.storage):
            require_study(context)
        context.run.change_job(replace(context.job, storage=storage))
    return context


def _change(run: RunFolder, given: dict[str, Any]) -> None:
    """Give the run's job other ``epochs`` or ``train_minutes``, as ``attendnets train`` does."""
    words = "".join(
        f" {option} {given[name]:g}" for name, option in _OF_TRAINING.items() if given.get(name) is not None
    )
    for name, other in (("epochs", "train_minutes"), ("train_minutes", "epochs")):
        if name in given:
            given.setdefault(other, None)
    job = planning.checked(replace(run.record.job, **given))
    run.change_job(job, f"{run.record.command} && attendnets train {shlex.quote(str(run.path))}{words}")


def build(job: Job, out: Path, listener: Listener | None = None, command: str | None = None) -> BuildResult:
    """A folder of images and requirements in, a proven int8 network out.

    ``out`` is the run folder; a run that was interrupted goes on where it was. The same job on the same
    machine, with ``trials`` and ``epochs`` given, gives the same network and the same accuracy.

    Raises UsageError, DataError, RunFolderError (usage), InfeasibleError (costs alone rule the
    requirements out), TrainingError, QuantizationError, ExportError (failures).
    """
    job = planning.checked(job)
    with RunFolder.locked(out):
        return _built(prepare(job, out, listener, command, int8=True))


def resume(
    out: Path, listener: Listener | None = None, *, extend: int | None = None, storage: str | None = None
) -> BuildResult:
    """Go on with the job that the run folder ``out`` holds, to its end.

    ``extend``: so many candidates more than its finished exploration tried; the stages after it are done
    again. An extension that was interrupted goes on when the same one is asked for. ``storage``: the URL of
    the study's database, where it has moved or needs its password.

    Raises what :func:`build` does.
    """
    if extend is not None and extend < 1:
        raise UsageError(f"--extend {extend}: give at least 1.")
    run = RunFolder.open(out)
    with exclusive(run.path):
        context = reopen(out, listener, int8=True, storage=storage)
        if extend is not None:
            _extend(context, out, extend)
        return _built(context)


def _extend(context: Context, out: Path, more: int) -> None:
    """Let the run's job try ``more`` candidates, unless that is what it was doing when it was interrupted."""
    run, words = context.run, f" --extend {more}"
    is_done = is_explored(context) and "report" in run.record.stages
    if run.record.command.endswith(words) and not is_done:
        return
    job = replace(context.job, trials=_extended(context, more))
    run.change_job(job, f"{run.record.command} && attendnets resume {shlex.quote(str(out))}{words}")


def _extended(context: Context, more: int) -> int:
    """The number of candidates of the finished exploration, and ``more``."""
    run = context.run
    if context.job.network is not None:
        raise UsageError(f"--extend {more}: {run.path} was given its network and explored nothing.")
    if not is_explored(context):
        raise RunFolderError(
            f"{run.path}: its exploration is not finished. attendnets resume {run.path} goes on with it; "
            "extend it after that."
        )
    return run.read(run.study, StudyRecord).trials + more


def _built(context: Context) -> BuildResult:
    explore_stage(context)
    train_stage(context)
    quantize_stage(context)
    export_stage(context)
    record = benchmark_stage(context)
    report_stage(context)
    return BuildResult(context.run.path, record.verdict, record)


def _summary(data: DataSet) -> str:
    learning, check = data.learning, data.check
    excluded = check.files("excluded")
    left_out = f", {excluded} left out" if excluded else ""
    grey = "grey" if data.channels == 1 else "colour"
    return (
        f"{check.images} {grey} images of {len(data.classes)} classes: {len(learning.train)} to train, "
        f"{len(learning.validation)} to validate, {len(data.test)} sealed for the test{left_out}"
    )
