"""The built-in data set: electroluminescence pictures of solar cells, with and without defects."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from attendnets.data.folder import Listing, Record
from attendnets.errors import DataError

#: A cell counts as defective from this share of the experts' votes on.
DEFECT_PROBABILITY = 0.5
CLASSES = ("no_defect", "defect")

_NOTES = (
    "elpv: electroluminescence images of solar cells (Deitsch, Buerhop-Lutz and others), licensed "
    "CC BY-NC-SA 4.0: not for commercial use.",
    "elpv: no official split and no module numbers exist, so cells of one module may fall on both sides of "
    "a random split, and accuracies may be higher than on modules never seen.",
    f"elpv: a cell is labelled defective at a defect probability of {DEFECT_PROBABILITY} or more; splits "
    "keep the share of mono- and polycrystalline modules.",
)


def list_elpv() -> Listing:
    """The 2,624 cells of the installed ``elpv-dataset`` package, by its own image files.

    Raises :class:`DataError` with the line that installs the package where it is missing.
    """
    folder = elpv_folder()
    table = folder / "labels.csv"
    try:
        lines = table.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(
            f"{table}: the labels of elpv-dataset cannot be read ({error.strerror}); install it again with: "
            "pip install --force-reinstall elpv-dataset"
        ) from error
    records = tuple(
        _record(folder, line, f"{table}, line {number}") for number, line in enumerate(lines, 1) if line
    )
    return Listing("elpv", CLASSES, records, notes=_NOTES, ignored_files=0, orientation_free=True)


def elpv_folder() -> Path:
    """Where the images lie, or :class:`DataError` with the line that installs the package."""
    found = importlib.util.find_spec("elpv_dataset")
    if found is None or not found.submodule_search_locations:
        raise DataError(
            "the built-in data set elpv needs the package elpv-dataset; install it with: "
            "pip install elpv-dataset"
        )
    return Path(found.submodule_search_locations[0]) / "data"


def _record(folder: Path, line: str, place: str) -> Record:
    try:
        name, probability, module_type = line.split()
        label = int(float(probability) >= DEFECT_PROBABILITY)
    except ValueError as error:
        raise DataError(
            f"{place}: expected path, probability and module type, found {line!r}; this version of "
            "elpv-dataset is not known: install 1.0"
        ) from error
    return Record(folder / name, name, label, None, module_type)
