"""The shell commands that make a run, and make it again."""

from __future__ import annotations

import shlex
from pathlib import Path

from attendnets.run import Job


def repeat_command(
    job: Job,
    out: Path,
    *,
    trials: int | None = None,
    epochs: int | None = None,
) -> str:
    """The shell command of a job; with ``trials`` and ``epochs``, the one that repeats its result."""
    words = ["attendnets", "build", shlex.quote(job.data)]
    for requirement in job.requirements:
        words += ["--require", f'"{requirement}"']
    if job.minutes is not None:
        words += ["--minutes", f"{job.minutes:g}"]
    for option, value in (("--trials", trials or job.trials), ("--epochs", epochs or job.epochs)):
        if value is not None:
            words += [option, str(value)]
    words += ["--seed", str(job.seed), "--threads", str(job.threads), "--out", shlex.quote(str(out))]
    return " ".join(words)
