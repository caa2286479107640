"""Commands on finished files: benchmark, predict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from attendnets.cli.app import app
from attendnets.cli.options import Json, JsonLines, Quiet
from attendnets.cli.output import (
    builtins,
    console,
    form_of,
    print_json,
    print_result,
    reader_may_leave,
    reopen,
    telling,
)


@app.command
def benchmark(
    run_or_file: Path,
    *,
    data: Annotated[
        str | None, Parameter(help="A folder or CSV of images with the network's classes.")
    ] = None,
    runtime: Annotated[
        str | None, Parameter(help="litert, litert_reference, onnxruntime, tflite_micro.")
    ] = None,
    threads: Annotated[int, Parameter(help="Of the runtime.")] = 1,
    json: Json = False,
    json_lines: JsonLines = False,
    quiet: Quiet = False,
) -> int:
    """Measure an exported file: accuracy, latency, bytes, arena.

    Without --data: a run's own sealed test split, with the verdict. With --data: images that it may never
    have seen.
    """
    from attendnets.pipeline import benchmark_product, benchmark_stage
    from attendnets.terminal import measurement_table

    form = form_of(json, json_lines, quiet)
    if data is not None:
        with telling("benchmark", form) as told:
            measurement = benchmark_product(run_or_file, data, runtime=runtime, threads=threads)
        told.measured(0, measurement, file=run_or_file)
        if form == "json":
            print_json(measurement)
        elif form != "json_lines":
            console().print(measurement_table(measurement))
        return 0
    with telling("benchmark", form) as told:
        record = benchmark_stage(reopen(run_or_file, told.listener))
    code = 0 if record.verdict.met else 1
    told.judged(code, run_or_file, record)
    with reader_may_leave():
        if form == "json":
            print_json({**builtins(record.measurement), "verdict": record.verdict})
        elif form != "json_lines":
            print_result(record)
    return code


@app.command
def predict(
    run_or_file: Path,
    images: Annotated[list[Path], Parameter(help="Image files.")],
    *,
    runtime: Annotated[
        str | None, Parameter(help="litert, litert_reference, onnxruntime, tflite_micro.")
    ] = None,
    json: Json = False,
) -> int:
    """Classify images with an exported file."""
    from attendnets.pipeline import predict as run_predict
    from attendnets.terminal import prediction_table

    predictions = run_predict(run_or_file, images, runtime=runtime)
    if json:
        print_json(predictions)
    else:
        console().print(prediction_table(predictions))
    return 0
