"""The stages that make and prove the product: export with its parity gate, measurement, verdict, report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from attendnets import atomic
from attendnets.benchmark import Measurement, benchmark
from attendnets.cost import cost
from attendnets.data import Sample
from attendnets.export.bundle import write_bundle
from attendnets.export.litert import export_litert
from attendnets.export.model_card import write_model_card
from attendnets.export.onnx import export_onnx
from attendnets.export.parity import ParityReport, check_parity, verify_files
from attendnets.pipeline.context import Context
from attendnets.pipeline.learning_stages import quantized_network, trained_network
from attendnets.pipeline.listener import Step
from attendnets.requirements import Verdict
from attendnets.run import file_digest
from attendnets.spec import NetworkSpec
from attendnets.statistics import PairedTest, paired_test, wilson_interval
from attendnets.training import predict_logits

GOLDEN_IMAGES = 4


@dataclass(frozen=True)
class FinalRecord:
    """``measure.json``: the exported file on the sealed test split, the float network beside it, the verdict.

    ``comparison`` is McNemar's test of the 8-bit file (first) against the float network (second) on the
    same images.
    """

    measurement: Measurement
    float_top1_percent: float
    float_interval_percent: tuple[float, float]
    comparison: PairedTest
    verdict: Verdict
    test_digest: str


def export_stage(context: Context) -> ParityReport:
    """Write .tflite, .onnx and the bundle; raise ParityError unless all runtimes agree with PyTorch."""
    run, listener = context.run, context.listener
    inputs = {"observed": file_digest(run.observed), "network": file_digest(run.network)}
    if run.is_finished("export", inputs):
        verify_files(run.export)
        listener.skipped("export")
        return run.read(run.parity, ParityReport)
    run.require("quantize")
    listener.started("export")
    with run.stage("export", inputs, run.tflite, run.onnx, run.parity):
        quantized = quantized_network(context)
        run.export.mkdir(parents=True, exist_ok=True)
        listener.step(Step("export", "network.tflite", 0, 4, None))
        export_litert(quantized, run.tflite)
        listener.step(Step("export", "network.onnx", 1, 4, None))
        export_onnx(quantized, run.onnx)
        listener.step(Step("export", "parity over the validation images", 2, 4, None))
        validation = context.validation_table()
        report = check_parity(quantized.run, run.tflite, run.onnx, validation.pixels)
        atomic.write_json(run.parity, report)
        report.require()
        listener.step(Step("export", "bundle", 3, 4, None))
        samples = context.data.learning.validation[:: max(1, len(validation) // GOLDEN_IMAGES)][
            :GOLDEN_IMAGES
        ]
        rows = np.array([context.data.learning.validation.index(sample) for sample in samples])
        write_bundle(
            run.export,
            tflite=run.tflite,
            onnx=run.onnx,
            classes=context.data.classes,
            preprocessing=context.preprocessing,
            spec=context.network,
            golden_pixels=validation.pixels[rows],
            golden_names=tuple(sample.name for sample in samples),
            data_name=context.data.name,
            notes=context.data.notes,
        )
    listener.finished(
        "export",
        run.record.stages["export"].seconds,
        f"{run.tflite.stat().st_size} bytes .tflite, {run.onnx.stat().st_size} bytes .onnx; "
        f"worst agreement {min(pair.top1_agreement_percent for pair in report.pairs):.1f} % of top-1",
    )
    return report


def benchmark_stage(context: Context) -> FinalRecord:
    """Measure the exported file on the test split, whose seal is broken here and nowhere else; judge it."""
    run, job = context.run, context.job
    inputs = {
        "tflite": file_digest(run.tflite),
        "test": context.data.test.digest,
        "requirements": ",".join(job.requirements),
    }
    if run.is_finished("benchmark", inputs):
        context.listener.skipped("benchmark")
        return run.read(run.measure, FinalRecord)
    run.require("export")
    context.listener.started("benchmark")
    with run.stage("benchmark", inputs, run.measure):
        verify_files(run.export)
        samples = context.data.test.open()
        measurement = benchmark(run.tflite, samples, context.data.classes, context.preprocessing)
        float_correct = _float_correct(context, samples)
        int8_correct = np.array([p.predicted == p.label for p in measurement.predictions])
        right = int(float_correct.sum())
        record = FinalRecord(
            measurement=measurement,
            float_top1_percent=100.0 * right / len(samples),
            float_interval_percent=wilson_interval(right, len(samples)),
            comparison=paired_test(int8_correct, float_correct),
            verdict=context.requirements.judge(
                figures_of(measurement, context.network), details_of(measurement)
            ),
            test_digest=context.data.test.digest,
        )
        write_model_card(run.export, measurement)
        atomic.write_json(run.measure, record)
    low, high = measurement.top1_interval_percent
    context.listener.finished(
        "benchmark",
        run.record.stages["benchmark"].seconds,
        f"{measurement.top1_percent:.1f} % ({low:.1f} to {high:.1f}) on {measurement.images} test images; "
        f"float {record.float_top1_percent:.1f} %",
    )
    return record


def figures_of(measurement: Measurement, spec: NetworkSpec) -> Mapping[str, float]:
    """Every quantity that a requirement can bound, measured on the file where it can be."""
    price = cost(spec)
    return {
        "top1": measurement.top1_percent,
        "bits": price.bits,
        "parameters": price.parameters,
        "macs": price.macs,
        "weights": measurement.weights_bytes,
        "activations": price.activation_bytes,
        "arena": math.nan if measurement.arena_bytes is None else measurement.arena_bytes,
        "file": measurement.file_bytes,
        "latency": measurement.latency_ms_median,
    }


def details_of(measurement: Measurement) -> Mapping[str, str]:
    """How each figure was got, in words."""
    low, high = measurement.top1_interval_percent
    runtime = f"{measurement.runtime} {measurement.runtime_version}"
    return {
        "top1": f"exported file, {measurement.images} images, 95 % {low:.1f} to {high:.1f} %, {runtime}",
        "bits": "both exported files hold the same int8 weights",
        "parameters": "counted from the specification",
        "macs": "counted from the specification: convolutions and linear layers, one image",
        "weights": "constants in the exported .tflite file",
        "activations": "counted: peak of live int8 tensors",
        "arena": measurement.arena_note or f"{measurement.arena_runtime} {measurement.arena_runtime_version}",
        "file": "size of the exported .tflite file",
        "latency": f"median, {runtime}, {measurement.threads} thread, this machine",
    }


def _float_correct(context: Context, samples: tuple[Sample, ...]) -> np.ndarray:
    table = context.cache.table(samples, context.preprocessing)
    correct: np.ndarray = predict_logits(trained_network(context), table).argmax(1) == table.labels
    return correct
