"""Commands that start from a data set: build, explore, check."""

from __future__ import annotations

from attendnets.cli.app import app
from attendnets.cli.options import (
    Epochs,
    Json,
    Minutes,
    Out,
    Quiet,
    Require,
    Seed,
    Threads,
    Trials,
    default_out,
    job_of,
)
from attendnets.cli.output import console, describe_network, listener, print_json


@app.command
def build(
    data: str,
    *,
    require: Require = None,
    minutes: Minutes = None,
    trials: Trials = None,
    epochs: Epochs = None,
    seed: Seed = 0,
    threads: Threads = None,
    out: Out = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Explore, train, quantize, export, measure and judge; a run that was interrupted goes on.

    DATA is a folder of class folders (with or without train, validation and test above them), a CSV of
    path,label[,split], or "elpv".
    """
    from attendnets.pipeline import build as run_build

    job = job_of(data, require, minutes, trials, epochs, seed, threads)
    path = out or default_out(data)
    result = run_build(job, path, listener(quiet or json))
    if json:
        print_json({"run": path, "met": result.verdict.met, "record": result.record})
    else:
        from attendnets.report import verdict_table
        from attendnets.terminal import measurement_table

        screen = console()
        if result.verdict.rows:
            print(f"\n{verdict_table(result.verdict)}\n")
        screen.print(measurement_table(result.record.measurement, result.record))
        screen.print(f"\nfiles   {path / 'export'}\nreport  {path / 'report.html'}", highlight=False)
    return 0 if result.verdict.met else 1


@app.command
def explore(
    data: str,
    *,
    require: Require = None,
    minutes: Minutes = None,
    trials: Trials = None,
    seed: Seed = 0,
    threads: Threads = None,
    out: Out = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Choose a network for DATA; starts a run folder that train goes on with."""
    from attendnets.pipeline import explore_stage, prepare

    job = job_of(data, require, minutes, trials, None, seed, threads)
    path = out or default_out(data)
    record = explore_stage(prepare(job, path, listener(quiet or json)))
    if json:
        print_json(record)
    else:
        describe_network(record.network)
    return 0


@app.command
def check(data: str, *, seed: Seed = 0, json: Json = False) -> int:
    """Read a data set as build would, and say what is in it."""
    from attendnets.data import describe_check, open_data_set

    report = open_data_set(data, seed=seed).check
    if json:
        print_json(report)
    else:
        print(describe_check(report))
    return 0
