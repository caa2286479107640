"""The figures of an exported file are those of its predictions on every image."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from attendnets import benchmark as benchmark_module
from attendnets.benchmark import Measurement, benchmark, probabilities
from attendnets.data import Preprocessing, Sample
from attendnets.errors import DataError, RuntimeFailure, UsageError
from attendnets.runtimes import TensorInfo, describe_file, measure_arena, open_session
from attendnets.statistics import wilson_interval
from tests.exported_network import CLASSES, SIDE, ExportedNetwork, write_samples


@pytest.fixture(scope="module")
def labelled(
    exported: ExportedNetwork, tmp_path_factory: pytest.TempPathFactory
) -> tuple[tuple[Sample, ...], np.ndarray]:
    """40 images whose label is what the file says, but for every fourth; and what the file says."""
    pixels = exported.pixels[:40]
    said = open_session(exported.tflite).run(pixels).argmax(axis=1)
    labels = [int(best) if k % 4 else (int(best) + 1) % len(CLASSES) for k, best in enumerate(said)]
    return write_samples(tmp_path_factory.mktemp("images"), pixels, labels), said


@pytest.fixture(scope="module")
def measured(exported: ExportedNetwork, labelled: tuple[tuple[Sample, ...], np.ndarray]) -> Measurement:
    return benchmark(exported.tflite, labelled[0], CLASSES, exported.preprocessing)


def test_accuracy_is_the_share_of_all_images_and_has_its_interval(measured: Measurement) -> None:
    assert measured.images == 40
    assert measured.top1_percent == 75.0
    assert measured.top1_interval_percent == wilson_interval(30, 40)


def test_predictions_name_every_image_with_its_class(
    measured: Measurement, labelled: tuple[tuple[Sample, ...], np.ndarray]
) -> None:
    samples, said = labelled
    assert [p.name for p in measured.predictions] == [s.name for s in samples]
    assert [p.label for p in measured.predictions] == [s.label for s in samples]
    assert [p.predicted for p in measured.predictions] == said.tolist()
    assert all(1 / len(CLASSES) <= p.confidence <= 1 for p in measured.predictions)


def test_the_confusion_matrix_and_the_classes_add_up(measured: Measurement) -> None:
    confusion = np.array(measured.confusion)
    assert confusion.shape == (len(CLASSES), len(CLASSES))
    assert confusion.sum() == 40
    assert confusion.trace() == 30
    shown = {name for name, row in zip(CLASSES, confusion, strict=True) if row.sum()}
    assert set(measured.per_class_percent) == shown
    images = dict(zip(CLASSES, confusion.sum(axis=1), strict=True))
    right = sum(share / 100 * images[name] for name, share in measured.per_class_percent.items())
    assert right == pytest.approx(30)


def test_bytes_and_arena_are_those_of_the_file(measured: Measurement, exported: ExportedNetwork) -> None:
    described, arena = describe_file(exported.tflite), measure_arena(exported.tflite)
    assert (measured.file_bytes, measured.weights_bytes) == (described.file_bytes, described.weights_bytes)
    assert measured.arena_bytes == arena.arena_bytes
    assert (measured.arena_runtime, measured.arena_runtime_version) == (arena.runtime, arena.version)


def test_times_say_how_they_were_got(measured: Measurement) -> None:
    assert 0 < measured.latency_ms_median <= measured.latency_ms_p95
    assert measured.latency_runs >= 40
    assert (measured.runtime, measured.threads) == ("litert", 1)
    assert measured.runtime_version
    assert measured.processor
    assert all(milliseconds >= 0 for _, milliseconds in measured.operator_ms)


def test_operators_are_named_in_order_of_execution(measured: Measurement) -> None:
    names = [name for name, _ in measured.operator_ms]
    assert [int(name.split()[0]) for name in names] == sorted(int(name.split()[0]) for name in names)
    assert names[-1].split()[1] == "FULLY_CONNECTED"


def test_a_measurement_survives_json(measured: Measurement) -> None:
    written = msgspec.json.encode(measured)
    assert msgspec.json.decode(written, type=Measurement) == measured
    assert {
        "top1_percent", "top1_interval_percent", "images", "latency_ms_median", "latency_ms_p95",
        "file_bytes", "arena_bytes", "runtime", "runtime_version", "threads",
    } <= set(json.loads(written))  # fmt: skip


def test_an_onnx_file_is_measured_but_has_no_arena(
    exported: ExportedNetwork, labelled: tuple[tuple[Sample, ...], np.ndarray]
) -> None:
    measured = benchmark(exported.onnx, labelled[0], CLASSES, exported.preprocessing)
    assert measured.runtime == "onnxruntime"
    assert measured.arena_bytes is None
    assert "onnx" in measured.arena_note
    assert abs(measured.top1_percent - 75.0) <= 5


def test_the_same_file_measures_the_same_but_for_time(
    measured: Measurement, exported: ExportedNetwork, labelled: tuple[tuple[Sample, ...], np.ndarray]
) -> None:
    again = benchmark(exported.tflite, labelled[0], CLASSES, exported.preprocessing)
    timed = ("latency_ms_median", "latency_ms_p95", "latency_runs", "operator_ms")
    same = dataclasses.replace(again, **{name: getattr(measured, name) for name in timed})
    assert same == measured


def test_a_slow_runtime_is_timed_less_often_but_on_every_chosen_image(
    exported: ExportedNetwork,
    labelled: tuple[tuple[Sample, ...], np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(benchmark_module, "LATENCY_SECONDS", 0.0)
    measured = benchmark(exported.tflite, labelled[0][:6], CLASSES, exported.preprocessing)
    assert measured.latency_runs == 6


def test_equal_logits_give_the_first_class_and_shares_sum_to_one() -> None:
    output = TensorInfo(shape=(1, 3), dtype="int8", scale=0.1, zero_point=5)
    shares = probabilities(np.array([[7, 7, -20], [127, -128, -128]], np.int8), output)
    assert shares.sum(axis=1) == pytest.approx([1, 1])
    assert shares[0, 0] == shares[0, 1]
    assert shares[1, 0] > 0.99


def test_what_cannot_be_measured_is_refused(
    exported: ExportedNetwork, labelled: tuple[tuple[Sample, ...], np.ndarray], tmp_path: Path
) -> None:
    samples = labelled[0]
    with pytest.raises(DataError, match="no images"):
        benchmark(exported.tflite, (), CLASSES, exported.preprocessing)
    with pytest.raises(DataError, match="label 9"):
        wrong = dataclasses.replace(samples[0], label=9)
        benchmark(exported.tflite, (wrong,), CLASSES, exported.preprocessing)
    with pytest.raises(RuntimeFailure, match=r"labels\.txt"):
        benchmark(exported.tflite, samples[:1], (*CLASSES, "knife"), exported.preprocessing)
    with pytest.raises(RuntimeFailure, match=r"preprocessing\.json"):
        benchmark(exported.tflite, samples, CLASSES, Preprocessing(channels=3, height=SIDE, width=SIDE + 1))
    with pytest.raises(UsageError, match="choose one of"):
        benchmark(exported.onnx, samples, CLASSES, exported.preprocessing, runtime="litert")
    with pytest.raises(RuntimeFailure, match="There is no network file"):
        benchmark(tmp_path / "gone.tflite", samples, CLASSES, exported.preprocessing)
