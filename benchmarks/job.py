"""One run of the main job as a user starts it, timed from outside, and the figures of its run folder."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attendnets.cost import cost
from attendnets.exploration.record import StudyRecord
from attendnets.export.parity import ParityReport
from attendnets.pipeline.product_stages import FinalRecord
from attendnets.requirements import Verdict
from attendnets.run import RunFolder
from attendnets.training import TrainingRecord

NOT_MET = 1


def build(arguments: Sequence[str], folder: Path) -> float:
    """Run ``attendnets build ARGUMENTS --out FOLDER``; wall seconds.

    Raises SystemExit naming the command's exit code unless it built a network, met or not.
    """
    command = [sys.executable, "-m", "attendnets", "build", *arguments, "--out", str(folder)]
    started = time.perf_counter()
    finished = subprocess.run(command, check=False)
    if finished.returncode not in (0, NOT_MET):
        raise SystemExit(f"{' '.join(command)} ended with {finished.returncode} and built nothing.")
    return time.perf_counter() - started


def figures(folder: Path, wall_seconds: float) -> dict[str, Any]:
    """What a finished run folder says, flat, with units in the names."""
    run = RunFolder.open(folder)
    study = run.read(run.study, StudyRecord)
    training = run.read(run.training, TrainingRecord)
    final = run.read(run.measure, FinalRecord)
    parity = run.read(run.parity, ParityReport)
    measurement = final.measurement
    price = cost(study.network)
    stages = run.record.stages
    return {
        "requirements": requirement_rows(final.verdict),
        "met": final.verdict.met,
        "top1_percent": measurement.top1_percent,
        "top1_interval_percent": measurement.top1_interval_percent,
        "images": measurement.images,
        "float_top1_percent": final.float_top1_percent,
        "parameters": price.parameters,
        "macs": price.macs,
        "weights_bytes": measurement.weights_bytes,
        "file_bytes": measurement.file_bytes,
        "file_sha256": hashlib.sha256(run.tflite.read_bytes()).hexdigest(),
        "arena_bytes": measurement.arena_bytes,
        "arena_predicted_bytes": price.arena_bytes,
        "arena_runtime": measurement.arena_runtime,
        "arena_runtime_version": measurement.arena_runtime_version,
        "latency_ms_median": measurement.latency_ms_median,
        "latency_ms_p95": measurement.latency_ms_p95,
        "runtime": measurement.runtime,
        "runtime_version": measurement.runtime_version,
        "threads": measurement.threads,
        "parity_top1_agreement_percent": min(pair.top1_agreement_percent for pair in parity.pairs),
        "chosen": study.chosen,
        "screened": study.screened,
        "candidates": sum(candidate.epochs > 0 for candidate in study.candidates),
        "epochs": len(training.epochs),
        "seconds": {
            "wall": wall_seconds,
            "exploring": stages["explore"].seconds,
            "training": stages["train"].seconds,
            "loading": training.loading_seconds,
            "quantizing": stages["quantize"].seconds,
            "exporting": stages["export"].seconds,
            "measuring": stages["benchmark"].seconds,
        },
        "data_digest": run.record.data_digest,
    }


def requirement_rows(verdict: Verdict) -> list[dict[str, Any]]:
    """Each requirement with its measurement in base units."""
    return [
        {
            "requirement": row.requirement,
            "quantity": row.quantity,
            "measured": row.measured,
            "violation": row.violation,
            "met": row.met,
        }
        for row in verdict.rows
    ]
