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
Trials = Annotated[int | None, Parameter(help="Networks to try, instead of the clock.")]
Epochs = Annotated[int | None, Parameter(help="Epochs of the final training, instead of the clock.")]
Seed = Annotated[int, Parameter(help="Of splits, exploration and training.")]
Threads = Annotated[int | None, Parameter(help="For training (default: all cores).")]
Out = Annotated[Path | None, Parameter(help="Run folder (default runs/NAME).")]
Json = Annotated[bool, Parameter(help="Print one JSON object.")]
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
) -> Job:
    """The job that these options describe; all cores where no threads are named."""
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


def default_out(data: str) -> Path:
    """The run folder where none is named: runs/NAME, by the data set's file or folder."""
    return Path("runs") / (Path(data).resolve().stem or "data")
