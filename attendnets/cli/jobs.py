"""Commands that start from a data set: build, explore, check."""

from __future__ import annotations

from attendnets.cli.app import app
from attendnets.cli.options import (
    Constraint,
    Epochs,
    GroupBy,
    Json,
    JsonLines,
    Minutes,
    Network,
    Out,
    Page,
    PrototypeFile,
    Quiet,
    Require,
    Seed,
    Shrink,
    Threads,
    Trials,
    default_out,
    job_of,
)
from attendnets.cli.output import (
    describe_network,
    form_of,
    print_json,
    print_result,
    reader_may_leave,
    telling,
    write_check_page,
)


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
    network: Network = None,
    prototype: PrototypeFile = None,
    shrink: Shrink = None,
    constraint: Constraint = None,
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
            network,
            group_by,
            prototype,
            shrink,
            constraint,
        )
        result = run_build(job, path, told.listener)
    code = 0 if result.verdict.met else 1
    told.judged(code, path, result.record)
    with reader_may_leave():
        if told.form == "json":
            print_json({"run": path, "met": result.verdict.met, "record": result.record})
        elif told.form != "json_lines":
            print_result(result.record)
            print(f"\nfiles   {path / 'export'}\nreport  {path / 'report.html'}")
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
    prototype: PrototypeFile = None,
    shrink: Shrink = None,
    constraint: Constraint = None,
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
            prototype=prototype,
            shrink=shrink,
            constraint=constraint,
        )
        record = explore_stage(prepare(job, path, told.listener))
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
