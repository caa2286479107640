"""Measure an exported file on images: accuracy with its interval, latency, bytes, arena, operator times."""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from attendnets.data import Pixels, Preprocessing, Sample, load_pixels
from attendnets.errors import DataError, RuntimeFailure
from attendnets.runtimes import Arena, Session, TensorInfo, describe_file, measure_arena, open_session
from attendnets.statistics import wilson_interval

LATENCY_IMAGES = 50
LATENCY_RUNS = 500
# A slow runtime gets fewer runs rather than minutes; never fewer than one an image.
LATENCY_SECONDS = 5.0
WARMUP_RUNS = 10
_IMAGES_AT_ONCE = 64


@dataclass(frozen=True)
class Prediction:
    """What the file said of one image: indices into the classes, and the softmax of its best logit.

    Equal logits give the class of the lower index.
    """

    name: str
    label: int
    predicted: int
    confidence: float


@dataclass(frozen=True)
class Measurement:
    """An exported file's figures, with how each was got.

    ``top1_interval_percent``: Wilson, 95 %. ``latency_ms_*``: one image, batch 1, ``threads`` threads of
    ``processor``, over ``latency_runs`` runs; decoding and resizing are not in it. ``weights_bytes``: all
    constants in the file. ``arena_bytes``: what the ``arena_runtime`` must be given; None where it cannot
    run the file, and ``arena_note`` says why. ``confusion[label][predicted]`` counts images.
    ``per_class_percent`` leaves out classes without images. ``operator_ms``: name and milliseconds in order
    of execution, in ``runtime``. ``sha256`` names the measured file.
    """

    top1_percent: float
    top1_interval_percent: tuple[float, float]
    images: int
    latency_ms_median: float
    latency_ms_p95: float
    latency_runs: int
    file_bytes: int
    weights_bytes: int
    arena_bytes: int | None
    arena_runtime: str | None
    arena_runtime_version: str | None
    arena_note: str
    runtime: str
    runtime_version: str
    threads: int
    processor: str
    sha256: str
    classes: tuple[str, ...]
    per_class_percent: dict[str, float]
    confusion: tuple[tuple[int, ...], ...]
    operator_ms: tuple[tuple[str, float], ...]
    predictions: tuple[Prediction, ...]


def benchmark(
    path: Path,
    samples: Sequence[Sample],
    classes: Sequence[str],
    preprocessing: Preprocessing,
    *,
    runtime: str | None = None,
    threads: int = 1,
) -> Measurement:
    """Run every image through the file and time it.

    Latency is only worth something while nothing else runs on the machine. Raises DataError for no images,
    labels outside the classes or images that cannot be read; RuntimeFailure for a file that is damaged or
    whose classes or image size are not these; UsageError for a runtime that does not take the file.
    """
    session = open_session(path, runtime, threads)
    _check(path, session, samples, classes, preprocessing)
    described = describe_file(path)

    logits = np.concatenate(
        [session.run(pixels) for pixels in _decoded(samples, preprocessing, _IMAGES_AT_ONCE)]
    )
    labels = np.array([sample.label for sample in samples])
    predicted = logits.argmax(axis=1)
    confidence = probabilities(logits, session.output).max(axis=1)
    confusion = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    correct = int(confusion.trace())

    seconds = _latencies(session, samples, preprocessing)
    arena, note = _arena(path, described.format)
    return Measurement(
        top1_percent=100 * correct / len(samples),
        top1_interval_percent=wilson_interval(correct, len(samples)),
        images=len(samples),
        latency_ms_median=float(np.median(seconds)) * 1000,
        latency_ms_p95=float(np.quantile(seconds, 0.95)) * 1000,
        latency_runs=len(seconds),
        file_bytes=described.file_bytes,
        weights_bytes=described.weights_bytes,
        arena_bytes=arena.arena_bytes if arena else None,
        arena_runtime=arena.runtime if arena else None,
        arena_runtime_version=arena.version if arena else None,
        arena_note=note,
        runtime=session.runtime,
        runtime_version=session.version,
        threads=session.threads,
        processor=processor(),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        classes=tuple(classes),
        per_class_percent={
            name: 100 * int(row[k]) / int(row.sum())
            for k, (name, row) in enumerate(zip(classes, confusion, strict=True))
            if row.sum()
        },
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        operator_ms=tuple((entry.name, entry.milliseconds) for entry in session.operator_times()),
        predictions=tuple(
            Prediction(sample.name, sample.label, int(best), float(share))
            for sample, best, share in zip(samples, predicted, confidence, strict=True)
        ),
    )


def probabilities(logits: npt.NDArray[np.int8], output: TensorInfo) -> npt.NDArray[np.float64]:
    """Softmax of dequantized logits, ``(N, classes)``; each row sums to 1."""
    real = output.dequantize(logits)
    shares = np.exp(real - real.max(axis=1, keepdims=True))
    normalised: npt.NDArray[np.float64] = shares / shares.sum(axis=1, keepdims=True)
    return normalised


def _check(
    path: Path,
    session: Session,
    samples: Sequence[Sample],
    classes: Sequence[str],
    preprocessing: Preprocessing,
) -> None:
    if not samples:
        raise DataError("There are no images to measure on: give a folder that has some.")
    wrong = next((s for s in samples if not 0 <= s.label < len(classes)), None)
    if wrong is not None:
        raise DataError(
            f"{wrong.name} has label {wrong.label}, but there are {len(classes)} classes: give the samples "
            "the labels of the network's own classes."
        )
    expected = preprocessing.height, preprocessing.width, preprocessing.channels
    if session.image_shape != expected or session.output.shape[-1] != len(classes):
        raise RuntimeFailure(
            f"{path} takes images of (height, width, channels) {session.image_shape} and tells "
            f"{session.output.shape[-1]} classes apart, but the preprocessing makes {expected} and there are "
            f"{len(classes)} class names: use the labels.txt and preprocessing.json written beside the file."
        )


def _decoded(samples: Sequence[Sample], preprocessing: Preprocessing, at_once: int) -> Iterator[Pixels]:
    for start in range(0, len(samples), at_once):
        yield np.stack([load_pixels(s.path, preprocessing) for s in samples[start : start + at_once]])


def _latencies(
    session: Session, samples: Sequence[Sample], preprocessing: Preprocessing
) -> npt.NDArray[np.float64]:
    """Seconds per run, over images spread evenly through the samples."""
    chosen = samples[:: max(1, len(samples) // LATENCY_IMAGES)][:LATENCY_IMAGES]
    pixels = next(_decoded(chosen, preprocessing, len(chosen)))
    start = time.perf_counter()
    session.time(pixels[:1], repeats=1, warmup=WARMUP_RUNS)
    each = (time.perf_counter() - start) / (WARMUP_RUNS + 1)
    runs = min(LATENCY_RUNS, int(LATENCY_SECONDS / each))
    return session.time(pixels, repeats=max(1, runs // len(pixels)), warmup=WARMUP_RUNS)


def _arena(path: Path, file_format: str) -> tuple[Arena | None, str]:
    if file_format != "tflite":
        return None, f"an arena is a figure of .tflite files; this one is .{file_format}"
    try:
        return measure_arena(path), ""
    except RuntimeFailure as error:
        return None, str(error)


def processor() -> str:
    """The processor's name, without which a latency says nothing."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
