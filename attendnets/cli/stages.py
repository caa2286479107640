"""Commands that do one stage of an existing run: train, quantize, export, report."""

from __future__ import annotations

from attendnets.cli.app import app
from attendnets.cli.options import Epochs, Json, Minutes, Quiet, RunPath
from attendnets.cli.output import print_json, reopen


@app.command
def train(
    run: RunPath,
    *,
    epochs: Epochs = None,
    minutes: Minutes = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Train the network that explore chose."""
    from attendnets.pipeline import train_stage

    record = train_stage(reopen(run, quiet or json, epochs=epochs, minutes=minutes))
    if json:
        print_json(record)
    return 0


@app.command
def quantize(run: RunPath, *, json: Json = False, quiet: Quiet = False) -> int:
    """Bring the trained network to 8 bits."""
    from attendnets.pipeline import quantize_stage

    record = quantize_stage(reopen(run, quiet or json))
    if json:
        print_json(record)
    return 0


@app.command
def export(run: RunPath, *, json: Json = False, quiet: Quiet = False) -> int:
    """Write .tflite, .onnx and the bundle; fails unless all runtimes agree with the quantized network."""
    from attendnets.pipeline import export_stage

    report = export_stage(reopen(run, quiet or json))
    if json:
        print_json(report)
    return 0


@app.command
def report(run: RunPath) -> int:
    """Write the run's report again; prints its path."""
    from attendnets.pipeline import report_stage

    print(report_stage(reopen(run, quiet=True)))
    return 0
