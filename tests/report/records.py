"""Records of a small, finished run, as the stages make them."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from attendnets import atomic
from attendnets.benchmark import Measurement, Prediction
from attendnets.cost import cost
from attendnets.data import CheckReport, Finding, Sample
from attendnets.exploration.record import Candidate, Driver, GeneratorRecord, Influence, Reaction, StudyRecord
from attendnets.export.parity import ParityPair, ParityReport, Tolerance
from attendnets.quantize import QuantizationRecord
from attendnets.report import Command, DataSummary, Mistake, ReportInput, worst_mistakes
from attendnets.requirements import Requirements
from attendnets.run import Job, RunFolder
from attendnets.spec import (
    CondenserSpec,
    ConvolutionSpec,
    DoubleCondenserSpec,
    HeadSpec,
    InputSpec,
    NetworkSpec,
    PepeSpec,
    StageSpec,
    StemSpec,
    VisualCondenserSpec,
    digest,
)
from attendnets.statistics import PairedTest, wilson_interval
from attendnets.training import EpochRecord, Recipe, TrainingRecord

CHOICES: dict[str, tuple[int | float | str, ...]] = {
    "size": (64,),
    "stages": (3, 4),
    "kind2": ("condenser", "double_condenser", "pepe", "visual_condenser"),
    "width2": (24, 32, 40, 48, 56, 64, 80, 96, 128, 160),
    **{f"ratio2_{block}": (0.5, 1.0, 1.5, 2.0, 3.0) for block in range(4)},
    **{f"embedding3_{block}": (0.25, 0.5, 1.0) for block in range(4)},
    "gate3_0": ("sigmoid", "relu6"),
    "stages.1.blocks.0.width": (8, 16, 24),
}
"""A space's decisions; one of them has one value, the last is of a user's prototype."""
PROTOTYPES = 4
COMMAND = 'attendnets build elpv --require "top1>=75%" --require "weights<=100KB" --seed 3 --out runs/demo'
TWO = ("functional", "defective")


def network(width: int = 24, classes: int = 2) -> NetworkSpec:
    """One block of every kind."""
    first = VisualCondenserSpec(width=width, stride=2, mixing=12, embedding=8)
    second = CondenserSpec(width=width, embedding=8, combine="residual_product")
    third = DoubleCondenserSpec(width=2 * width, inner=16, stride=2, gate="sigmoid", activation="relu")
    fourth = PepeSpec(width=2 * width, projection=16, multiplier=2, second_projection=16)
    fifth = ConvolutionSpec(width=2 * width, stride=2, downsample="blur")
    return NetworkSpec(
        input=InputSpec(channels=1, height=64, width=64),
        stem=StemSpec(width=16),
        stages=tuple(StageSpec(blocks=blocks) for blocks in ((first, second), (third, fourth), (fifth,))),
        head=HeadSpec(features=64),
        classes=classes,
    )


def measurement(confusion: Sequence[Sequence[int]], classes: Sequence[str] = TWO) -> Measurement:
    """As ``benchmark`` gives it for a file that answered so."""
    images = sum(map(sum, confusion))
    right = sum(confusion[k][k] for k in range(len(classes)))
    predictions = [
        Prediction(f"{classes[label]}/{predicted}-{k}.png", label, predicted, 0.5 + 0.5 / (k + 2))
        for label, row in enumerate(confusion)
        for predicted, count in enumerate(row)
        for k in range(count)
    ]
    return Measurement(
        top1_percent=100 * right / images,
        top1_interval_percent=wilson_interval(right, images),
        images=images,
        latency_ms_median=1.243,
        latency_ms_p95=1.391,
        latency_runs=500,
        file_bytes=97_312,
        weights_bytes=84_120,
        arena_bytes=176_400,
        arena_runtime="tflite_micro",
        arena_runtime_version="0.dev20261023182759",
        arena_note="",
        runtime="litert",
        runtime_version="2.3.0",
        threads=1,
        processor="AMD EPYC, 2 cores",
        sha256="5f" * 32,
        classes=tuple(classes),
        per_class_percent={name: 100 * confusion[k][k] / sum(confusion[k]) for k, name in enumerate(classes)},
        confusion=tuple(map(tuple, confusion)),
        operator_ms=tuple((("CONV_2D", "MUL", "ADD")[k % 3], 0.01 + 0.002 * k) for k in range(24)),
        predictions=tuple(predictions),
    )


def study(count: int = 40) -> StudyRecord:
    """Candidates on three rungs; one of them failed. Those behind the prototypes have a generator."""
    rng = random.Random(1)
    candidates = []
    for number in range(count):
        spec = network(8 + 4 * (number % 9), classes=2 + number // 9)
        figures = cost(spec).figures()
        rung = 0 if number % 3 else 1 if number % 9 else 2
        top1 = None
        if number != 7:
            top1 = 66 + 8 * math.log10(figures["macs"] / 1e6) + 3 * rung + rng.gauss(0, 2)
            figures["top1"] = top1
        candidates.append(
            Candidate(
                number=number,
                digest=digest(spec),
                spec=spec,
                state="failed" if top1 is None else "complete" if rung == 2 else "stopped",
                rung=rung,
                epochs=(3, 9, 27)[rung] if top1 else 0,
                figures=figures,
                validation_top1_percent=top1,
                netscore=None,
                violation=0.0 if top1 and top1 >= 70 else 0.05,
                seconds=12.0,
                generator=generator(number) if number >= PROTOTYPES else None,
                reactions=reactions(spec) if top1 else (),
            )
        )
    chosen = max((c for c in candidates if c.rung == 2), key=lambda c: c.validation_top1_percent or 0.0)
    return StudyRecord(
        candidates=tuple(candidates),
        chosen=chosen.digest,
        screened=5231,
        refused=4100,
        seconds=311.0,
        objective="netscore",
        trials=count,
        seed=3,
        rung_epochs=(3, 9, 27),
        validation_images=315,
        largest_macs=None,
        choices=CHOICES,
        influences=(
            Influence("kind2", "visual_condenser", "double_condenser", 0.84, 0.21),
            Influence("ratio2_0", 1.5, 0.5, 0.4, 0.15),
            Influence("stages.1.blocks.0.width", 24, 8, 0.3, 0.2),
            Influence("gate3_0", "sigmoid", "relu6", 0.1, 0.25),
        ),
        drivers=(
            Driver("weights", "width2", 24, 160, math.log(4.0)),
            Driver("weights", "kind2", "pepe", "visual_condenser", math.log(1.5)),
            Driver("macs", "stages.1.blocks.0.width", 8, 24, math.log(2.0)),
            Driver("anti_aliased_downsampling", "gate3_0", "sigmoid", "relu6", 0.5),
        ),
    )


def reactions(spec: NetworkSpec) -> tuple[Reaction, ...]:
    """Of each block; the later it comes, the less it is missed, and one has nothing round it."""
    price = cost(spec)
    return tuple(
        Reaction(
            row.name,
            stimulus,
            loss_change=0.3 / (1 + number) ** 2 * (1.0 if stimulus == "ablate" else 0.2) - 0.01,
            error=0.012,
            macs_share=row.macs / price.macs,
            parameters_share=row.parameters / price.parameters,
        )
        for number, row in enumerate(price.rows[1:-1])
        for stimulus in ("ablate", "halve")
        if (number, stimulus) != (2, "ablate")
    )


def generator(number: int) -> GeneratorRecord:
    """The generator that proposed a network: the later, the surer of each decision's last value."""
    chances = {}
    for name, values in CHOICES.items():
        last = (1 + number / 20) / (len(values) + number / 20)
        others = (1 - last) / max(1, len(values) - 1)
        chances[name] = (*(others for _ in values[1:]), last)
    multipliers = {"weights": 0.1 * number, "macs": 0.0}
    return GeneratorRecord(entropy=round(1 - 0.01 * number, 4), chances=chances, multipliers=multipliers)


def write_exploration(folder: Path) -> StudyRecord:
    """A run folder that has explored as :func:`study` tells, and what it told."""
    run = RunFolder.create(folder, Job("elpv"), "attendnets explore elpv", "0" * 64)
    told = study()
    atomic.write_json(run.study, told)
    return told


def training(epochs: int = 30) -> TrainingRecord:
    """Losses fall, accuracy rises, both not quite steadily."""
    rng = random.Random(2)
    rows = tuple(
        EpochRecord(
            epoch=number,
            seconds=6.1,
            loading_seconds=0.8,
            rate=4e-3 * (1 - number / epochs),
            train_loss=0.40 + 0.3 * math.exp(-number / 9) + rng.gauss(0, 0.01),
            validation_loss=0.42 + 0.2 * math.exp(-number / 7) + rng.gauss(0, 0.01),
            validation_top1_percent=83.5 - 14 * math.exp(-number / 6) + rng.gauss(0, 0.5),
        )
        for number in range(1, epochs + 1)
    )
    best = max(rows, key=lambda row: row.validation_top1_percent)
    return TrainingRecord(
        epochs=rows,
        best_epoch=best.epoch,
        validation_top1_percent=best.validation_top1_percent,
        validation_loss=best.validation_loss,
        validation_images=315,
        train_images=1653,
        seconds=6.1 * epochs,
        loading_seconds=0.8 * epochs,
        recipe=Recipe(),
        seed=3,
        threads=2,
    )


def parity() -> ParityReport:
    """Four runtimes that agree."""
    others = ("litert", "onnxruntime", "tflite_micro")
    return ParityReport(
        images=315,
        pairs=tuple(ParityPair("pytorch", other, 315, 99.7, 100.0, 2, 0.12) for other in others),
        tolerance=Tolerance(),
        passed=True,
        failures=(),
        versions={"pytorch": "2.13.0", "litert": "2.3.0", "onnxruntime": "1.31.0", "tflite_micro": "0.dev1"},
        sha256={"network.tflite": "5f" * 32},
    )


def data(classes: Sequence[str] = TWO) -> DataSummary:
    """A data set whose splits were made."""
    counts = {split: dict.fromkeys(classes, 100) for split in ("train", "validation", "test")}
    check = CheckReport(
        source="elpv",
        images=300 * len(classes),
        classes=tuple(classes),
        counts=counts,
        made_splits=("train", "validation", "test"),
        channels=1,
        grey_images=300 * len(classes),
        modes={"L": 300 * len(classes)},
        sizes={"300x300": 300 * len(classes)},
        distinct_sizes=1,
        findings=(Finding("exact_duplicates", ("a.png", "b.png"), "the same bytes", "kept"),),
        ignored_files=3,
        notes=(),
    )
    return DataSummary("elpv", "9f86d081884c7d659a2feaa0c55ad015", ("Images: CC BY-NC-SA 4.0.",), check)


def pictures(folder: Path, measured: Measurement) -> tuple[Mistake, ...]:
    """The worst mistakes of ``measured``, of images that are written to ``folder``."""
    rng = np.random.default_rng(4)
    samples = []
    for prediction in measured.predictions:
        path = folder / prediction.name.replace("/", "-")
        Image.fromarray(rng.integers(0, 255, (30, 40), dtype=np.uint8)).save(path)
        samples.append(Sample(path, prediction.name, prediction.label))
    return worst_mistakes(measured.predictions, samples, measured.classes)


def finished(
    classes: Sequence[str] = TWO,
    confusion: Sequence[Sequence[int]] = ((412, 41), (68, 135)),
    requirements: Sequence[str] = ("top1>=75%", "weights<=100KB", "arena<=256KB"),
    mistakes: tuple[Mistake, ...] = (),
) -> ReportInput:
    """A run in which every stage is finished."""
    spec = network(classes=len(classes))
    measured = measurement(confusion, classes)
    figures = {"top1": measured.top1_percent, "weights": 84_120.0, "arena": 176_400.0}
    details = {"arena": "tflite_micro 0.dev20261023182759"}
    return ReportInput(
        title="elpv",
        spec=spec,
        cost=cost(spec),
        data=data(classes),
        commands=(Command("the command that was given", COMMAND),),
        versions={"attendnets": "0.1.0", "torch": "2.13.0"},
        seed=3,
        threads=2,
        machine="AMD EPYC, 2 cores, Linux",
        made="2026-11-21",
        stage_seconds={"check": 4.2, "explore": 311.0, "train": 372.0},
        verdict=Requirements.parse(requirements).judge(figures, details),
        measurement=measured,
        float_top1_percent=measured.top1_percent + 0.6,
        comparison=PairedTest(measured.images, 9, 13, -0.6, 0.52),
        study=study(),
        training=training(),
        quantization=quantization(),
        parity=parity(),
        mistakes=mistakes,
    )


def quantization() -> QuantizationRecord:
    """Fine-tuned, because rounding alone cost two points."""
    return QuantizationRecord(
        method="qat",
        float_validation_top1_percent=84.4,
        ptq_validation_top1_percent=82.2,
        validation_top1_percent=84.1,
        images=315,
        qat_epochs=4,
        seconds=40.0,
        calibration_images=512,
        range_rule="least_squares",
        calibration_error=0.05,
        qat_validation_top1_percent=84.1,
        seed=3,
        threads=2,
    )


def bare() -> ReportInput:
    """A run of which nothing is known but its network and data."""
    return replace(
        finished(),
        verdict=None,
        measurement=None,
        float_top1_percent=None,
        comparison=None,
        study=None,
        training=None,
        quantization=None,
        parity=None,
        stage_seconds={},
        machine="",
        made="",
    )
