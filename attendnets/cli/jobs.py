"""Commands that do a whole job or begin one: build, resume, explore, check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from attendnets.cli.app import app
from attendnets.cli.options import (
    Constraint,
    Epochs,
    GroupBy,
    Json,
    JsonLines,
    Minutes,
    Network,
    Objective,
    Out,
    Page,
    PrototypeFile,
    Quiet,
    Require,
    RunPath,
    Seed,
    Shrink,
    Storage,
    Study,
    Threads,
    Trials,
    WorkerCpus,
    WorkerGpus,
    Workers,
    default_out,
    job_of,
)
from attendnets.cli.output import (
    Telling,
    describe_network,
    form_of,
    print_json,
    print_result,
    reader_may_leave,
    telling,
    write_check_page,
)

if TYPE_CHECKING:
    from attendnets.pipeline import BuildResult


@app.command
def build(
    data: str,
    *,
    require: Require = None,
    minutes: Minutes = None,
    trials: Trials = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    group_by: GroupBy = None,
    threads: Threads = None,
    workers: Workers = None,
    worker_cpus: WorkerCpus = 1,
    worker_gpus: WorkerGpus = 0.0,
    network: Network = None,
    storage: Storage = None,
    study: Study = None,
    prototype: PrototypeFile = None,
    shrink: Shrink = None,
    constraint: Constraint = None,
    objective: Objective = "netscore",
    out: Out = None,
    json: Json = False,
    json_lines: JsonLines = False,
    quiet: Quiet = False,
) -> int:
    """Explore, train, quantize, export, measure and judge; a run that was interrupted goes on.

    DATA is a folder of class folders (with or without train, validation and test above them), a CSV of
    path,label[,split], or "elpv".
    """
    from attendnets.pipeline import build as run_build

    path = out or default_out(data)
    with telling("build", form_of(json, json_lines, quiet)) as told:
        job = job_of(
            data,
            require,
            minutes,
            trials,
            epochs,
            seed,
            threads,
            network=network,
            group_by=group_by,
            workers=workers,
            worker_cpus=worker_cpus,
            worker_gpus=worker_gpus,
            storage=storage,
            study=study,
            prototype=prototype,
            shrink=shrink,
            constraint=constraint,
            objective=objective,
        )
        result = run_build(job, path, told.listener)
    return _judged(told, result)


@app.command
def resume(
    run: RunPath,
    *,
    extend: Annotated[
        int | None, Parameter(help="Try so many candidates more than the finished exploration did.")
    ] = None,
    storage: Storage = None,
    json: Json = False,
    json_lines: JsonLines = False,
    quiet: Quiet = False,
) -> int:
    """Take RUN to its end, to the exported and measured network, from where it is; what is finished is kept.

    --storage is needed only where the study's database has moved, or where its URL holds a password: RUN
    does not keep passwords.
    """
    from attendnets.pipeline import resume as run_resume

    with telling("build", form_of(json, json_lines, quiet)) as told:
        result = run_resume(run, told.listener, extend=extend, storage=storage)
    return _judged(told, result)


def _judged(told: Telling, result: BuildResult) -> int:
    """Print the result of a build; its exit code."""
    code = 0 if result.verdict.met else 1
    told.judged(code, result.run, result.record)
    with reader_may_leave():
        if told.form == "json":
            print_json({"run": result.run, "met": result.verdict.met, "record": result.record})
        elif told.form != "json_lines":
            print_result(result.record)
            print(f"\nfiles   {result.run / 'export'}\nreport  {result.run / 'report.html'}")
    return code


@app.command
def explore(
    data: str,
    *,
    require: Require = None,
    minutes: Minutes = None,
    trials: Trials = None,
    seed: Seed = 0,
    group_by: GroupBy = None,
    threads: Threads = None,
    workers: Workers = None,
    worker_cpus: WorkerCpus = 1,
    worker_gpus: WorkerGpus = 0.0,
    storage: Storage = None,
    study: Study = None,
    prototype: PrototypeFile = None,
    shrink: Shrink = None,
    constraint: Constraint = None,
    objective: Objective = "netscore",
    out: Out = None,
    json: Json = False,
    json_lines: JsonLines = False,
    quiet: Quiet = False,
) -> int:
    """Choose a network for DATA; starts a run folder that train goes on with."""
    from attendnets.pipeline import explore_stage, prepare

    path = out or default_out(data)
    with telling("explore", form_of(json, json_lines, quiet)) as told:
        job = job_of(
            data,
            require,
            minutes,
            trials,
            None,
            seed,
            threads,
            group_by=group_by,
            workers=workers,
            worker_cpus=worker_cpus,
            worker_gpus=worker_gpus,
            storage=storage,
            study=study,
            prototype=prototype,
            shrink=shrink,
            constraint=constraint,
            objective=objective,
        )
        record = explore_stage(prepare(job, path, told.listener, verb="explore"))
    told.result(0, run=path, chosen=record.chosen, record=record)
    if told.form == "json":
        print_json(record)
    elif told.form != "json_lines":
        describe_network(record.network)
    return 0


@app.command
def check(
    data: str, *, seed: Seed = 0, group_by: GroupBy = None, page: Page = None, json: Json = False
) -> int:
    """Read a data set as build would, and say what is in it and what build would do about it.

    The exit code is 2 where build would refuse it.
    """
    from attendnets.data import check_data_set, describe_check

    report = check_data_set(data, seed=seed, group_by=group_by)
    if json:
        print_json(report)
    else:
        print(describe_check(report))
    if page is not None:
        write_check_page(page, report, data)
    return 2 if report.refusals else 0
