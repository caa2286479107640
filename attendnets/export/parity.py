"""The gate: the exported files compute what the trained network computes, and stay what they were.

Runtimes agree within steps of the int8 output, not to the bit: they round differently after each layer
(XNNPACK and ONNX Runtime scale with real numbers, the reference kernels with integers). What does not
round is compared exactly: both files must hold the same weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from attendnets.errors import ExportError, ParityError
from attendnets.export.facts import FACTS
from attendnets.export.weights import different_layers
from attendnets.runtimes import RUNTIMES, Session, TensorInfo, open_session
from attendnets.statistics import wilson_interval

PYTORCH = "pytorch"
PARITY = "parity.json"
REFERENCE_IMAGES = 300

Logits = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Tolerance:
    """How far two runtimes may differ.

    A step is one int8 unit of the output. One layer differs by a step in a few values of a thousand; whole
    trained networks have been seen to differ by 11 on single values and by 0.2 to 1.8 on average, the more
    the harder their classes; a wrong layer moves all values by tens. Where two classes are nearly equal,
    rounding alone decides which is named (among hard classes two were within two steps on one image of
    twenty): classes within ``tie_steps`` count as equal, twice that average, for both may move. Few images
    say little of a share: it fails where the upper end of its 95 % interval is below the tolerance, and never
    for a single image.
    """

    top1_agreement_percent: float = 98.0
    tie_steps: int = 4
    difference_steps: int = 16
    mean_difference_steps: float = 3.0


@dataclass(frozen=True)
class ParityPair:
    """Two runtimes on the same ``images``.

    ``top1_agreement_percent``: of the images on which they share a best class. ``tied_agreement_percent``:
    of those on which a class that is best in one is within the tolerance's ``tie_steps`` of the best in the
    other.
    """

    first: str
    second: str
    images: int
    top1_agreement_percent: float
    tied_agreement_percent: float
    largest_difference_steps: int
    mean_difference_steps: float


@dataclass(frozen=True)
class ParityReport:
    """What was compared and what came out; ``failures`` says in words why it did not pass.

    All pairs are within the tolerance and both files hold the same weights, or it did not pass.
    ``images``: given; slow reference kernels ran a part, which each pair states. ``sha256``: of the files.
    """

    images: int
    pairs: tuple[ParityPair, ...]
    tolerance: Tolerance
    passed: bool
    failures: tuple[str, ...]
    versions: dict[str, str]
    sha256: dict[str, str]

    def require(self) -> None:
        """Raise ParityError, naming every pair beyond the tolerance, unless the gate was passed."""
        if not self.passed:
            raise ParityError(
                "The exported files do not compute what the trained network computes: "
                f"{'; '.join(self.failures)}. Export again; if it stays, quantize again, and report the "
                "network's specification."
            )


def check_parity(
    quantized_run: Callable[[npt.NDArray[np.uint8]], npt.NDArray[Any]],
    tflite: Path,
    onnx: Path,
    pixels: npt.NDArray[np.uint8],
    tolerance: Tolerance | None = None,
    *,
    reference_images: int = REFERENCE_IMAGES,
) -> ParityReport:
    """Run the quantized program and both files, in every runtime, over the same images; compare all pairs.

    ``quantized_run`` takes uint8 ``(N, H, W, C)`` and returns real logits ``(N, classes)``. ``pixels``:
    the validation images. Reference kernels are a hundred times slower than what users run: they get at
    most ``reference_images``, spread evenly. Raises RuntimeFailure for a file that cannot be run; a
    difference raises nothing until :meth:`ParityReport.require`.
    """
    tolerance = tolerance or Tolerance()
    sessions = {
        name: open_session(tflite if entry.format == "tflite" else onnx, name)
        for name, entry in RUNTIMES.items()
    }
    grid = sessions["litert"].output
    rows = np.unique(np.linspace(0, len(pixels) - 1, min(reference_images, len(pixels))).astype(np.int64))
    everything = np.arange(len(pixels))

    outputs: dict[str, tuple[npt.NDArray[np.int64], Logits]] = {
        PYTORCH: (everything, grid.quantize(quantized_run(pixels)))
    }
    for name, session in sessions.items():
        chosen = everything if RUNTIMES[name].optimized else rows
        outputs[name] = chosen, _on_grid(session, pixels[chosen], grid)
    pairs = tuple(
        compare(a, b, outputs[a], outputs[b], tolerance.tie_steps) for a, b in combinations(outputs, 2)
    )
    failures = tuple(text for pair in pairs if (text := failure_of(pair, tolerance)))
    different = different_layers(tflite, onnx)
    if different:
        failures += (f"the two files hold different weights: {', '.join(different)}",)
    return ParityReport(
        images=len(pixels),
        pairs=pairs,
        tolerance=tolerance,
        passed=not failures,
        failures=failures,
        versions={PYTORCH: version("torch"), **{name: s.version for name, s in sessions.items()}},
        sha256={path.name: sha256(path) for path in (tflite, onnx)},
    )


def _on_grid(session: Session, pixels: npt.NDArray[np.uint8], grid: TensorInfo) -> Logits:
    """Logits as steps of one common grid: the files' own grids may differ if one is wrong."""
    return grid.quantize(session.output.dequantize(session.run(pixels)))


def compare(
    first: str,
    second: str,
    first_output: tuple[npt.NDArray[np.int64], Logits],
    second_output: tuple[npt.NDArray[np.int64], Logits],
    tie_steps: int,
) -> ParityPair:
    """Two programs' outputs, each the numbers of its images ``(N,)`` and their logits ``(N, classes)``."""
    _, in_first, in_second = np.intersect1d(first_output[0], second_output[0], return_indices=True)
    a, b = first_output[1][in_first].astype(np.int64), second_output[1][in_second].astype(np.int64)
    steps = np.abs(a - b)
    return ParityPair(
        first=first,
        second=second,
        images=len(a),
        top1_agreement_percent=100 * float(np.mean(same_best_class(a, b))),
        tied_agreement_percent=100 * float(np.mean(same_best_class(a, b, tie_steps))),
        largest_difference_steps=int(steps.max()),
        mean_difference_steps=float(steps.mean()),
    )


def same_best_class(
    first: npt.NDArray[np.integer], second: npt.NDArray[np.integer], tie_steps: int = 0
) -> npt.NDArray[np.bool_]:
    """Per image, ``(N,)``: whether a class that is best in one of two ``(N, classes)`` is best in the other.

    On an int8 grid several classes can be best; which of them a program names is chance. With ``tie_steps``
    it need only be within so many steps of the other's best.
    """
    short = [logits.max(axis=1, keepdims=True) - logits.astype(np.int64) for logits in (first, second)]
    nearer, farther = np.minimum(*short), np.maximum(*short)
    same: npt.NDArray[np.bool_] = ((nearer == 0) & (farther <= tie_steps)).any(axis=1)
    return same


def failure_of(pair: ParityPair, tolerance: Tolerance) -> str:
    """In words, what of a pair is beyond the tolerance; "" when nothing is."""
    causes = []
    agreeing = round(pair.images * pair.tied_agreement_percent / 100)
    _, at_best_percent = wilson_interval(agreeing, pair.images)
    if pair.images - agreeing > 1 and at_best_percent < tolerance.top1_agreement_percent:
        causes.append(
            f"the same class, or one within {tolerance.tie_steps} steps of it, in "
            f"{pair.tied_agreement_percent:.1f} % of {pair.images} images (at least "
            f"{tolerance.top1_agreement_percent} % are needed)"
        )
    if pair.largest_difference_steps > tolerance.difference_steps:
        causes.append(
            f"outputs {pair.largest_difference_steps} steps apart (at most {tolerance.difference_steps})"
        )
    if pair.mean_difference_steps > tolerance.mean_difference_steps:
        causes.append(
            f"{pair.mean_difference_steps:.2f} steps apart on average (at most "
            f"{tolerance.mean_difference_steps})"
        )
    return f"{pair.first} and {pair.second}: {', '.join(causes)}" if causes else ""


def sha256(path: Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def verify_files(folder: Path) -> None:
    """Check every file of an exported bundle against the digests taken when it passed the gate.

    Raises ExportError naming the files that are missing or changed, or when there are no digests.
    """
    recorded: dict[str, str] = {}
    for record in (folder / FACTS, folder / PARITY):
        if record.exists():
            try:
                recorded.update(msgspec.json.decode(record.read_bytes(), type=_Proven).sha256)
            except msgspec.DecodeError as error:
                raise ExportError(f"{record} cannot be read ({error}): export again.") from error
    if not recorded:
        raise ExportError(f"{folder} has neither {FACTS} nor {PARITY} to prove its files: export again.")
    _require_unchanged(folder, recorded)


class _Proven(msgspec.Struct):
    """The part of model.json and of parity.json that names the files they speak of."""

    sha256: dict[str, str]


def _require_unchanged(folder: Path, recorded: Mapping[str, str]) -> None:
    missing = [name for name in recorded if not (folder / name).is_file()]
    changed = [name for name in recorded if name not in missing and sha256(folder / name) != recorded[name]]
    if missing or changed:
        parts = [f"missing: {', '.join(missing)}"] * bool(missing)
        parts += [f"changed since they passed the gate: {', '.join(changed)}"] * bool(changed)
        raise ExportError(
            f"The exported files in {folder} are not those proven: {'; '.join(parts)}. Export again."
        )
