"""An exported file with what its bundle says of it: classes and preprocessing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from attendnets.benchmark import Measurement, benchmark
from attendnets.data import Preprocessing, open_test_folder
from attendnets.errors import RunFolderError
from attendnets.export.parity import verify_files


@dataclass(frozen=True)
class Product:
    """A .tflite or .onnx file, its classes in the order of its logits, and how its pixels are made."""

    file: Path
    classes: tuple[str, ...]
    preprocessing: Preprocessing


def open_product(run_or_file: Path) -> Product:
    """The product of a run folder, or a file with ``labels.txt`` and ``preprocessing.json`` beside it.

    Raises RunFolderError where one is missing, ExportError where the files are not those exported.
    """
    file = run_or_file / "export" / "network.tflite" if run_or_file.is_dir() else run_or_file
    if not file.exists():
        raise RunFolderError(
            f"{file} does not exist: give a run folder whose export is finished, or an exported file."
        )
    labels, preprocessing = file.parent / "labels.txt", file.parent / "preprocessing.json"
    for needed in (labels, preprocessing):
        if not needed.exists():
            raise RunFolderError(
                f"{needed} is missing: an exported file needs the bundle that was written beside it. "
                "Copy the whole export folder."
            )
    verify_files(file.parent)
    try:
        made = msgspec.json.decode(preprocessing.read_bytes(), type=Preprocessing)
    except msgspec.DecodeError as error:
        raise RunFolderError(f"{preprocessing} cannot be read: {error}. Export again.") from error
    return Product(file, tuple(labels.read_text(encoding="utf-8").splitlines()), made)


def benchmark_product(
    run_or_file: Path, data: str, *, runtime: str | None = None, threads: int = 1
) -> Measurement:
    """Measure an exported file on a folder that it may never have seen.

    ``data`` is a folder or CSV whose class names are the network's; of a folder with splits, its test
    split. Raises DataError, RunFolderError, RuntimeFailure.
    """
    product = open_product(run_or_file)
    samples = open_test_folder(data, product.classes)
    return benchmark(
        product.file, samples, product.classes, product.preprocessing, runtime=runtime, threads=threads
    )
