"""Exploration on real images: ours, random points and NSGA-II, at equal time and requirements.

    python -m benchmarks.real_images elpv [FOLDER ...] --minutes 12 --epochs 30 --seeds 3 --runs KEPT

Each FOLDER has train and test folders, of which the first --classes are used. All search the same space by
the same study for the same time, from the same prototypes on for ours and from nothing for the others; what
they choose is trained for the same epochs, brought to 8 bits and tested alike. Methods take turns, so that a
busy moment of the machine meets all. With --runs the runs are kept there, and the same command goes on after
a break.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from attendnets.cost import cost
from attendnets.exploration.decisions import Space
from attendnets.exploration.objective import netscore
from attendnets.exploration.proposer import Proposer, SynthesisProposer
from attendnets.exploration.prototypes import synthesis_from_prototypes
from attendnets.exploration.record import StudyRecord
from attendnets.exploration.screening import Screen
from attendnets.pipeline import (
    benchmark_stage,
    explore_stage,
    export_stage,
    prepare,
    quantize_stage,
    train_stage,
)
from attendnets.run import Job, RunFolder
from benchmarks.image_subset import Part, copy_part
from benchmarks.record import write_record
from benchmarks.seeded_trainings import MOST_SEEDS, over_seeds
from benchmarks.study_rivals import Nsga2Proposer, RandomProposer

REQUIREMENTS = ("weights<=60KB", "arena<=128KB", "macs<=1M")
"""Of a microcontroller's kind, and so little work that an exploration of minutes trains many candidates."""
METHODS: dict[str, Callable[[Space, Screen], Proposer]] = {
    "generative synthesis": synthesis_from_prototypes,
    "generative synthesis, no prototypes": lambda space, screen: SynthesisProposer(space, screen=screen),
    "random": lambda space, _: RandomProposer(space),
    "NSGA-II": lambda space, _: Nsga2Proposer(space),
}


def run(job: Job, method: str, folder: Path) -> dict[str, Any]:
    """``job`` from images to the tested 8-bit file; what a kept folder holds already is not done again."""
    with RunFolder.locked(folder):
        context = replace(prepare(job, folder), proposer=METHODS[method])
        study = explore_stage(context)
        train_stage(context)
        quantize_stage(context)
        export_stage(context)
        record = benchmark_stage(context)
    price = cost(study.network)
    return {
        "method": method,
        "seed": job.seed,
        "top1_percent": record.measurement.top1_percent,
        "images": record.measurement.images,
        "netscore": netscore(record.measurement.top1_percent, price.parameters, price.macs),
        "parameters": price.parameters,
        "macs": price.macs,
        "met": record.verdict.met,
        **_explored(study),
    }


def _explored(study: StudyRecord) -> dict[str, Any]:
    trained = [candidate for candidate in study.candidates if candidate.epochs]
    scores = [candidate.netscore for candidate in trained if candidate.netscore is not None]
    return {
        "candidates": len(trained),
        "validation_top1_percent": max(c.validation_top1_percent or 0.0 for c in trained),
        "validation_netscore": max(scores),
        "exploring_seconds": study.seconds,
    }


def summary(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A method a row, over its seeds."""
    rows = []
    for method in METHODS:
        mine = [run for run in runs if run["method"] == method]
        if mine:
            rows.append(
                {
                    "method": method,
                    "top1_percent": over_seeds([run["top1_percent"] for run in mine]),
                    "netscore": over_seeds([run["netscore"] for run in mine]),
                    "candidates": statistics.mean(run["candidates"] for run in mine),
                    "macs": statistics.mean(run["macs"] for run in mine),
                    "parameters": statistics.mean(run["parameters"] for run in mine),
                }
            )
    return rows


def _part_of(folder: Path, kept: Path, classes: int) -> Path:
    """The first ``classes`` of ``folder``, copied to ``kept``."""
    part = kept / "images" / f"{folder.resolve().name}_{classes}"
    if not part.exists():
        # Under its own name only when it is whole.
        begun = part.with_name(f"{part.name}.begun")
        shutil.rmtree(begun, ignore_errors=True)
        copy_part(folder, begun, Part(classes, training=250, validation=100, test=100))
        begun.rename(part)
    return part


def main() -> None:
    """Measure, and write results/real_images.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sets", nargs="*", default=["elpv"], help="elpv, or a folder")
    parser.add_argument("--classes", type=int, default=10, help="of a folder, the first so many")
    parser.add_argument("--minutes", type=float, default=12.0, help="of a job; 35 %% of them are explored")
    parser.add_argument("--epochs", type=int, default=30, help="of the final training")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--runs", type=Path)
    given = parser.parse_args()
    if len({Path(data).resolve().name for data in given.sets}) < len(given.sets):
        parser.error("two sets have the same name; rename a folder")
    for data in given.sets:
        if data != "elpv" and not Path(data).is_dir():
            parser.error(f"{data}: there is no such folder of images; sets are folders, or elpv")
    if not 1 <= given.seeds <= MOST_SEEDS:
        parser.error(f"--seeds {given.seeds}: intervals are known for 1 to {MOST_SEEDS}")
    figures: dict[str, Any] = {
        "minutes": given.minutes,
        "epochs": given.epochs,
        "threads": given.threads,
        "requirements": REQUIREMENTS,
        "sets": {},
    }
    with tempfile.TemporaryDirectory() as temporary:
        kept = given.runs or Path(temporary)
        for data in given.sets:
            name = Path(data).resolve().name
            images = data if data == "elpv" else _part_of(Path(data), kept, given.classes)
            runs = []
            for seed in range(given.seeds):
                job = Job(
                    data=str(images),
                    requirements=REQUIREMENTS,
                    minutes=given.minutes,
                    epochs=given.epochs,
                    seed=seed,
                    threads=given.threads,
                )
                for method in given.methods:
                    folder = kept / name / method.replace(" ", "_").replace(",", "") / str(seed)
                    runs.append(run(job, method, folder))
                    print(runs[-1], flush=True)
            figures["sets"][name] = {"runs": runs, "methods": summary(runs)}
    named = " ".join(Path(data).resolve().name for data in given.sets)
    path = write_record(
        "real_images",
        "what exploration gives on real images at equal time and requirements, beside random and NSGA-II",
        figures,
        commands=[
            f"python -m benchmarks.real_images {named} --classes {given.classes} "
            f"--minutes {given.minutes:g} --epochs {given.epochs} --seeds {given.seeds} "
            f"--threads {given.threads} --methods " + " ".join(f'"{method}"' for method in given.methods)
        ],
        seed=None,
    )
    print(path)


if __name__ == "__main__":
    main()
