"""Everything beside the network that an engineer needs to use it, and that proves it was ported right."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from attendnets import atomic
from attendnets.data import Preprocessing
from attendnets.errors import ExportError
from attendnets.export.c_source import HEADER, SOURCE, arena_with_headroom, header_text, source_text
from attendnets.export.facts import CARD, FACTS, ModelFacts
from attendnets.export.model_card import model_card
from attendnets.export.parity import sha256
from attendnets.runtimes import (
    RUNTIMES,
    TensorInfo,
    describe_file,
    measure_arena,
    open_session,
)
from attendnets.spec import NetworkSpec, digest

GOLDEN = "golden"


@dataclass(frozen=True)
class GoldenVector:
    """A real image and what the network says of it.

    ``picture``: PNG of the preprocessed pixels; ``input``: the same as raw int8, height x width x channels;
    ``outputs``: int8 logits, by runtime. All file names are within the folder ``golden``.
    """

    name: str
    picture: str
    input: str
    outputs: dict[str, tuple[int, ...]]


def write_bundle(
    folder: Path,
    *,
    tflite: Path,
    onnx: Path,
    classes: Sequence[str],
    preprocessing: Preprocessing,
    spec: NetworkSpec,
    golden_pixels: npt.NDArray[np.uint8],
    golden_names: Sequence[str],
    data_name: str,
    notes: Sequence[str] = (),
) -> ModelFacts:
    """Write labels, preprocessing, golden vectors, C++ source, facts and a model card into ``folder``.

    ``golden_pixels``: uint8 ``(N, H, W, C)`` of some images, ``golden_names`` their names. The two files
    are copied in unless they are there. Raises ExportError for class names that have no line of their own,
    RuntimeFailure for files that are damaged or that tflite-micro cannot run.
    """
    _check(classes, golden_pixels, golden_names)
    # An older bundle is none from here on.
    (folder / FACTS).unlink(missing_ok=True)
    for file in (tflite, onnx):
        if file.resolve().parent != folder.resolve():
            atomic.write_bytes(folder / file.name, file.read_bytes())
    tflite, onnx = folder / tflite.name, folder / onnx.name

    described = describe_file(tflite)
    arena = measure_arena(tflite)
    names = [operator.name for operator in described.operators]
    atomic.write_text(folder / "labels.txt", "".join(f"{name}\n" for name in classes))
    atomic.write_json(folder / "preprocessing.json", preprocessing)
    atomic.write_text(folder / "preprocessing.txt", _words(preprocessing, described.input))
    atomic.write_text(
        folder / HEADER,
        header_text(
            model_bytes=described.file_bytes,
            arena=arena,
            input_info=described.input,
            output_info=described.output,
            operators=names,
        ),
    )
    atomic.write_text(folder / SOURCE, source_text(tflite.read_bytes(), classes))
    _write_golden(folder / GOLDEN, tflite, onnx, golden_pixels, golden_names)

    facts = ModelFacts(
        network=digest(spec),
        data_name=data_name,
        notes=tuple(notes),
        classes=tuple(classes),
        input=described.input,
        output=described.output,
        operators=dict(sorted(Counter(names).items())),
        weights_bytes=described.weights_bytes,
        file_bytes={file.name: file.stat().st_size for file in (tflite, onnx)},
        arena=arena,
        suggested_arena_bytes=arena_with_headroom(arena),
        sha256=_digests(folder),
    )
    atomic.write_text(folder / CARD, model_card(facts, preprocessing, measurement=None))
    atomic.write_json(folder / FACTS, facts)
    return facts


def _check(classes: Sequence[str], golden_pixels: npt.NDArray[np.uint8], golden_names: Sequence[str]) -> None:
    for name in classes:
        if name.splitlines() != [name]:
            raise ExportError(
                f"The class name {name!r} does not fit on one line of labels.txt: rename the class."
            )
    if len(golden_pixels) != len(golden_names) or not len(golden_names):
        raise ExportError(
            f"{len(golden_pixels)} golden images but {len(golden_names)} names: give one name an image, "
            "and at least one."
        )


def _words(preprocessing: Preprocessing, image: TensorInfo) -> str:
    channels = "grey" if preprocessing.channels == 1 else "red, green, blue"
    formula = f"pixel / {image.scale:g} + ({image.zero_point})"
    if (image.scale, image.zero_point) == (1.0, -128):
        formula = "pixel - 128"
    return (
        f"{preprocessing.describe()}\n\n"
        f"network.onnx takes these values as float32, channels first: 1 x {preprocessing.channels} x "
        f"{preprocessing.height} x {preprocessing.width}.\n"
        f"network.tflite takes them as int8, channels ({channels}) last, rows from the top: 1 x "
        f"{preprocessing.height} x {preprocessing.width} x {preprocessing.channels}; "
        f"int8 value = {formula}.\n"
        "The folder golden has images after these steps (.png) and as the network takes them (.bin).\n"
    )


def _write_golden(
    folder: Path, tflite: Path, onnx: Path, pixels: npt.NDArray[np.uint8], names: Sequence[str]
) -> None:
    image = describe_file(tflite).input
    sessions = {
        name: open_session(tflite if runtime.format == "tflite" else onnx, name)
        for name, runtime in RUNTIMES.items()
    }
    logits = {name: session.run(pixels) for name, session in sessions.items()}
    vectors = []
    for number, (name, picture) in enumerate(zip(names, pixels, strict=True)):
        vector = GoldenVector(
            name=name,
            picture=f"{number:02d}.png",
            input=f"{number:02d}.input.bin",
            outputs={runtime: tuple(map(int, rows[number])) for runtime, rows in logits.items()},
        )
        encoded = io.BytesIO()
        Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture).save(encoded, format="PNG")
        atomic.write_bytes(folder / vector.picture, encoded.getvalue())
        atomic.write_bytes(folder / vector.input, image.quantize(picture.astype(np.float64)).tobytes())
        vectors.append(vector)
    atomic.write_json(folder / "index.json", vectors)


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    unlisted = {folder / FACTS, folder / CARD}
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files if path not in unlisted}
