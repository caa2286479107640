"""The options that commands share: each a type with its help."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from attendnets.run import Job

Require = Annotated[
    list[str] | None,
    Parameter(
        name=["--require", "-r"], help='Such as "top1>=75", "weights<=100KB", "arena<=256KB"; repeatable.'
    ),
]
Minutes = Annotated[float | None, Parameter(help="For the whole job (default 20).")]
TrainMinutes = Annotated[
    float | None, Parameter(help="For this training, instead of what the job's minutes leave or its epochs.")
]
Trials = Annotated[int | None, Parameter(help="Networks to try, instead of the clock.")]
Epochs = Annotated[int | None, Parameter(help="Epochs of the final training, instead of the clock.")]
Network = Annotated[
    str | None,
    Parameter(help="Build this network and explore nothing: a name, a JSON file, a run, or RUN#DIGEST."),
]
PrototypeFile = Annotated[
    Path | None,
    Parameter(
        name="--prototype",
        help="A network with open cells, in YAML: explore these alone (docs/prototypes.md).",
    ),
]
Shrink = Annotated[
    str | None,
    Parameter(
        help="Explore what this network can shrink to: a name, a JSON file, a run, or RUN#DIGEST. "
        'Requirements may be relative to it: "macs<=0.5x".'
    ),
]
Constraint = Annotated[
    list[str] | None,
    Parameter(
        help="A rule that networks must keep: columnar, anti-aliased-downsampling, no-strided-pointwise, or "
        "frozen:PART, which --shrink or --prototype must not change (stem, head, stages.0, stages.0.1); "
        "repeatable."
    ),
]
Objective = Annotated[
    str,
    Parameter(
        help="What decides among networks whose loss is equally good: netscore, accuracy, parameters or macs."
    ),
]
Seed = Annotated[int, Parameter(help="Of splits, exploration and training.")]
GroupBy = Annotated[
    str | None,
    Parameter(
        help="Images to keep on one side of a split: a regular expression, whose first group (or whole "
        'match) in the file name is the key, as in "patient[0-9]+"; or column:NAME of a CSV.'
    ),
]
Threads = Annotated[int | None, Parameter(help="For training (default: all cores).")]
Workers = Annotated[
    str | None,
    Parameter(
        help="Who trains candidates: a number of processes here; ray (started here for this command), "
        "ray://HOST:PORT or ray:ADDRESS, with a number of trainings at a time before an @, as in 8@ray "
        "(docs/workers.md)."
    ),
]
WorkerCpus = Annotated[int, Parameter(help="Threads of each training by --workers.")]
WorkerGpus = Annotated[float, Parameter(help="GPUs, or parts of one, that Ray sets aside for each training.")]
Storage = Annotated[
    str | None,
    Parameter(
        help="A database for the study, instead of a file in the run folder: postgresql://me@host/studies, "
        "sqlite:///studies.db (docs/study.md)."
    ),
]
Study = Annotated[
    str | None, Parameter(help="The study's name in that database (default: follows from the job).")
]
Page = Annotated[Path | None, Parameter(help="Write it as one HTML file too, with small pictures.")]
Out = Annotated[Path | None, Parameter(help="Run folder (default runs/NAME).")]
Classes = Annotated[int | None, Parameter(help="Instead of the network's own.")]
ImageSize = Annotated[
    int | None, Parameter(name=["--input", "--image-size"], help="Pixels a side, instead of its own.")
]
Channels = Annotated[int | None, Parameter(help="Of the image, instead of the network's own.")]
Int8 = Annotated[bool, Parameter(help="The form that 8 bits can hold: no softmax gate, no SiLU.")]
Json = Annotated[bool, Parameter(help="Print one JSON object.")]
JsonLines = Annotated[
    bool, Parameter(help="Print one JSON object an event, the result last (docs/events.md).")
]
Quiet = Annotated[bool, Parameter(help="Print the result alone.")]
RunPath = Annotated[Path, Parameter(help="A run folder.")]


def job_of(
    data: str,
    require: list[str] | None,
    minutes: float | None,
    trials: int | None,
    epochs: int | None,
    seed: int,
    threads: int | None,
    network: str | None = None,
    group_by: str | None = None,
    workers: str | None = None,
    worker_cpus: int = 1,
    worker_gpus: float = 0.0,
    storage: str | None = None,
    study: str | None = None,
    prototype: Path | None = None,
    shrink: str | None = None,
    constraint: list[str] | None = None,
    objective: str = "netscore",
) -> Job:
    """The job that these options describe; all cores where no threads are named."""
    from attendnets.prototype import Prototype
    from attendnets.run import Job

    return Job(
        data=data,
        requirements=tuple(require or ()),
        minutes=minutes,
        trials=trials,
        epochs=epochs,
        seed=seed,
        threads=threads if threads is not None else os.cpu_count() or 1,
        network=network,
        group_by=group_by,
        workers=workers,
        worker_cpus=worker_cpus,
        worker_gpus=worker_gpus,
        storage=storage,
        study=study,
        prototype=None if prototype is None else Prototype.read(prototype),
        shrink=shrink,
        constraints=tuple(constraint or ()),
        objective=objective,
    )


def default_out(data: str) -> Path:
    """The run folder where none is named: runs/NAME, by the data set's file or folder."""
    return Path("runs") / (Path(data).resolve().stem or "data")
