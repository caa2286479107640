"""Commands that do one stage of an existing run: train, quantize, export, report."""

from __future__ import annotations

from pathlib import Path

from attendnets.cli.app import app
from attendnets.cli.options import Epochs, Json, JsonLines, Quiet, RunPath, TrainMinutes
from attendnets.cli.output import Telling, form_of, print_json, reopen, telling


@app.command
def train(
    run: RunPath,
    *,
    epochs: Epochs = None,
    minutes: TrainMinutes = None,
    json: Json = False,
    json_lines: JsonLines = False,
    quiet: Quiet = False,
) -> int:
    """Train the network that explore chose."""
    from attendnets.pipeline import train_stage

    with telling("train", form_of(json, json_lines, quiet)) as told:
        record = train_stage(reopen(run, told.listener, epochs=epochs, train_minutes=minutes))
    _print(told, run, record, f"{record.validation_top1_percent:.1f} % on validation")
    return 0


@app.command
def quantize(run: RunPath, *, json: Json = False, json_lines: JsonLines = False, quiet: Quiet = False) -> int:
    """Bring the trained network to 8 bits."""
    from attendnets.pipeline import quantize_stage

    with telling("quantize", form_of(json, json_lines, quiet)) as told:
        record = quantize_stage(reopen(run, told.listener))
    _print(told, run, record, f"{record.validation_top1_percent:.1f} % on validation with 8 bits")
    return 0


@app.command
def export(run: RunPath, *, json: Json = False, json_lines: JsonLines = False, quiet: Quiet = False) -> int:
    """Write .tflite, .onnx and the bundle; fails unless all runtimes agree with the quantized network."""
    from attendnets.pipeline import export_stage

    with telling("export", form_of(json, json_lines, quiet)) as told:
        record = export_stage(reopen(run, told.listener))
    _print(told, run, record, str(run / "export"))
    return 0


@app.command
def report(run: RunPath) -> int:
    """Write the run's report again; prints its path."""
    from attendnets.pipeline import Listener, report_stage

    print(report_stage(reopen(run, Listener())))
    return 0


def _print(told: Telling, run: Path, record: object, result: str) -> None:
    """In text, the line of the finished stage has said the result already."""
    told.result(0, run=run, record=record)
    if told.form == "json":
        print_json(record)
    elif told.form == "quiet":
        print(result)
