"""The command line: each command parses into typed values, calls one function, and prints what it returns.

Exit codes: 0 all requirements met (or nothing was required), 1 built but not met, 2 wrong usage or data,
3 failed, 130 interrupted (the same command goes on where it was).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, CycloptsError, Parameter

from attendnets.errors import AttendnetsError

if TYPE_CHECKING:
    from rich.console import Console

    from attendnets.pipeline import Context, Listener
    from attendnets.run import Job
    from attendnets.spec import NetworkSpec

app = App(
    name="attendnets",
    help="A folder of images and requirements in; a small int8 network, proven on the exported file, out.",
    version_flags=["--version"],
    default_parameter=Parameter(negative=()),
)

Require = Annotated[
    list[str] | None,
    Parameter(
        name=["--require", "-r"], help='Such as "top1>=75", "weights<=100KB", "arena<=256KB"; repeatable.'
    ),
]
Minutes = Annotated[float | None, Parameter(help="For the whole job (default 20).")]
Trials = Annotated[int | None, Parameter(help="Networks to try, instead of the clock.")]
Epochs = Annotated[int | None, Parameter(help="Epochs of the final training, instead of the clock.")]
Seed = Annotated[int, Parameter(help="Of splits, exploration and training.")]
Threads = Annotated[int | None, Parameter(help="For training (default: all cores).")]
Out = Annotated[Path | None, Parameter(help="Run folder (default runs/NAME).")]
Json = Annotated[bool, Parameter(help="Print one JSON object.")]
Quiet = Annotated[bool, Parameter(help="Print the result alone.")]
RunPath = Annotated[Path, Parameter(help="A run folder.")]


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

    job = _job(data, require, minutes, trials, epochs, seed, threads)
    path = out or _default_out(data)
    result = run_build(job, path, _listener(quiet or json))
    if json:
        _print_json({"run": path, "met": result.verdict.met, "record": result.record})
    else:
        from attendnets.report import verdict_table
        from attendnets.terminal import measurement_table

        console = _console()
        if result.verdict.rows:
            print(f"\n{verdict_table(result.verdict)}\n")
        console.print(measurement_table(result.record.measurement, result.record))
        console.print(f"\nfiles   {path / 'export'}\nreport  {path / 'report.html'}", highlight=False)
    return 0 if result.verdict.met else 1


@app.command
def check(data: str, *, seed: Seed = 0, json: Json = False) -> int:
    """Read a data set as build would, and say what is in it."""
    from attendnets.data import describe_check, open_data_set

    report = open_data_set(data, seed=seed).check
    if json:
        _print_json(report)
    else:
        print(describe_check(report))
    return 0


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

    job = _job(data, require, minutes, trials, None, seed, threads)
    path = out or _default_out(data)
    record = explore_stage(prepare(job, path, _listener(quiet or json)))
    if json:
        _print_json(record)
    else:
        _describe(record.network)
    return 0


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

    record = train_stage(_reopen(run, quiet or json, epochs=epochs, minutes=minutes))
    if json:
        _print_json(record)
    return 0


@app.command
def quantize(run: RunPath, *, json: Json = False, quiet: Quiet = False) -> int:
    """Bring the trained network to 8 bits."""
    from attendnets.pipeline import quantize_stage

    record = quantize_stage(_reopen(run, quiet or json))
    if json:
        _print_json(record)
    return 0


@app.command
def export(run: RunPath, *, json: Json = False, quiet: Quiet = False) -> int:
    """Write .tflite, .onnx and the bundle; fails unless all runtimes agree with the quantized network."""
    from attendnets.pipeline import export_stage

    report = export_stage(_reopen(run, quiet or json))
    if json:
        _print_json(report)
    return 0


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
    quiet: Quiet = False,
) -> int:
    """Measure an exported file: accuracy, latency, bytes, arena.

    Without --data: a run's own sealed test split, with the verdict. With --data: images that it may never
    have seen.
    """
    from attendnets.pipeline import benchmark_product, benchmark_stage
    from attendnets.report import verdict_table
    from attendnets.terminal import measurement_table

    if data is not None:
        measurement = benchmark_product(run_or_file, data, runtime=runtime, threads=threads)
        if json:
            _print_json(measurement)
        else:
            _console().print(measurement_table(measurement))
        return 0
    record = benchmark_stage(_reopen(run_or_file, quiet or json))
    if json:
        _print_json({**_builtins(record.measurement), "verdict": record.verdict})
    else:
        print(verdict_table(record.verdict))
        _console().print(measurement_table(record.measurement, record))
    return 0 if record.verdict.met else 1


@app.command
def report(run: RunPath) -> int:
    """Write the run's report again; prints its path."""
    from attendnets.pipeline import report_stage

    print(report_stage(_reopen(run, quiet=True)))
    return 0


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
        _print_json(predictions)
    else:
        _console().print(prediction_table(predictions))
    return 0


@app.command
def describe(network: Path, *, json: Json = False) -> int:
    """Print a network row by row. NETWORK is a run folder or a network.json."""
    from attendnets.cost import cost
    from attendnets.errors import SpecError
    from attendnets.spec import from_json

    file = network / "network.json" if network.is_dir() else network
    if not file.is_file():
        raise SpecError(f"{file} does not exist: give a run folder or a network.json.")
    spec = from_json(file.read_bytes())
    if json:
        price = cost(spec)
        _print_json(
            {
                "params": price.parameters,
                "macs": price.macs,
                "weight_bytes": price.weights_bytes,
                "peak_activation_bytes": price.activation_bytes,
                "predicted_arena_bytes": price.arena_bytes,
                "rows": [row._asdict() for row in price.rows],
                "spec": spec,
            }
        )
    else:
        _describe(spec)
    return 0


def _job(
    data: str,
    require: list[str] | None,
    minutes: float | None,
    trials: int | None,
    epochs: int | None,
    seed: int,
    threads: int | None,
) -> Job:
    from attendnets.run import Job

    return Job(
        data=data,
        requirements=tuple(require or ()),
        minutes=minutes,
        trials=trials,
        epochs=epochs,
        seed=seed,
        threads=threads if threads is not None else os.cpu_count() or 1,
    )


def _default_out(data: str) -> Path:
    return Path("runs") / (Path(data).resolve().stem or "data")


def _reopen(run: Path, quiet: bool, **changes: object) -> Context:
    from attendnets.pipeline import reopen

    return reopen(run, _listener(quiet), **changes)


def _listener(quiet: bool) -> Listener:
    from attendnets.pipeline import Listener
    from attendnets.terminal import TerminalListener

    return Listener() if quiet else TerminalListener(_console())


def _console() -> Console:
    from rich.console import Console

    return Console(soft_wrap=not sys.stdout.isatty())


def _describe(spec: NetworkSpec) -> None:
    from attendnets.cost import cost
    from attendnets.report import cost_table

    print(cost_table(cost(spec)))


def _builtins(value: object) -> dict[str, object]:
    import msgspec

    plain: dict[str, object] = msgspec.to_builtins(value)
    return plain


def _print_json(value: object) -> None:
    import msgspec

    encoded = msgspec.json.encode(value, enc_hook=str)
    print(msgspec.json.format(encoded, indent=2).decode())


def main() -> None:
    """Entry point of the ``attendnets`` command."""
    try:
        code = app(exit_on_error=False, print_error=True)
    except CycloptsError:
        sys.exit(2)
    except AttendnetsError as error:
        print(f"attendnets: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read the output has read enough; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        print("\nattendnets: interrupted; the same command goes on where it was.", file=sys.stderr)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)
