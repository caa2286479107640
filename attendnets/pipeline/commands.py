"""The shell commands that make a run, and make it again."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Literal

from attendnets.exploration.objective import NETSCORE
from attendnets.networks.constraints import frozen_parts
from attendnets.run import PROTOTYPE_FILE, Job


def repeat_command(
    job: Job,
    out: Path,
    *,
    trials: int | None = None,
    epochs: int | None = None,
    network: str | None = None,
    verb: Literal["build", "explore"] = "build",
) -> str:
    """The shell command of a job; with ``trials`` and ``epochs``, the one that repeats its result.

    With ``network``, the one that builds this network instead of exploring. ``verb``: what begins the job.
    """
    network = network or job.network
    words = ["attendnets", verb, shlex.quote(job.data)]
    for requirement in job.requirements:
        words += ["--require", f'"{requirement}"']
    if job.minutes is not None:
        words += ["--minutes", f"{job.minutes:g}"]
    for option, value in (("--trials", trials or job.trials), ("--epochs", epochs or job.epochs)):
        if value is not None and not (network and option == "--trials"):
            words += [option, str(value)]
    if network is not None:
        words += ["--network", shlex.quote(network)]
    elif job.prototype is not None:
        words += ["--prototype", shlex.quote(str(out / PROTOTYPE_FILE))]
    elif job.shrink is not None:
        words += ["--shrink", shlex.quote(job.shrink)]
    for constraint in job.constraints:
        # What is frozen is a part of what an exploration begins with; a network that is there has it.
        if network is None or not frozen_parts((constraint,)):
            words += ["--constraint", constraint]
    if job.objective != NETSCORE.name and network is None:
        words += ["--objective", job.objective]
    if job.group_by is not None:
        words += ["--group-by", shlex.quote(job.group_by)]
    if job.workers is not None and network is None:
        words += ["--workers", shlex.quote(job.workers)]
        if job.worker_cpus != 1:
            words += ["--worker-cpus", str(job.worker_cpus)]
        if job.worker_gpus:
            words += ["--worker-gpus", f"{job.worker_gpus:g}"]
    for option, text in (("--storage", job.kept.storage), ("--study", job.study)):
        if text is not None and network is None:
            words += [option, shlex.quote(text)]
    words += ["--seed", str(job.seed), "--threads", str(job.threads), "--out", shlex.quote(str(out))]
    return " ".join(words)
