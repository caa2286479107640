"""Which images a folder or a CSV file names, with their classes and splits. No image is opened here."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from attendnets.data.dataset import Split
from attendnets.data.decode import IMAGE_SUFFIXES
from attendnets.errors import DataError

#: What a split may be called, as a folder or in a CSV, in any case of letters.
SPLIT_NAMES: Mapping[str, Split] = {
    "train": "train", "training": "train",
    "val": "validation", "valid": "validation", "validation": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip

LAYOUTS = (
    "expected FOLDER/CLASS/*.jpg, or FOLDER/train|validation|test/CLASS/*.jpg, "
    "or a CSV file with the header path,label[,split]"
)


@dataclass(frozen=True)
class Record:
    """An image that a source names. ``split`` is None where the source gives none."""

    path: Path
    name: str
    label: int
    split: Split | None
    stratum: str = ""


@dataclass(frozen=True)
class Listing:
    """What a source names, before any image was opened; records are sorted by name."""

    name: str
    classes: tuple[str, ...]
    records: tuple[Record, ...]
    notes: tuple[str, ...] = ()
    ignored_files: int = 0
    orientation_free: bool = False


def list_folder(folder: Path) -> Listing:
    """Images in class folders, which may lie below split folders. Folders of a class may have subfolders.

    Raises :class:`DataError` where the layout is not one of these, naming the folder at fault.
    """
    folders = _folders(folder)
    splits = _split_folders(folders)
    beside = 0
    notes: list[str] = []
    found: list[tuple[Path, str, Split | None]] = []
    if splits:
        for split, entry in splits.items():
            for class_folder in _folders(entry):
                images, ignored = _images_below(class_folder)
                beside += ignored
                found += [(path, class_folder.name, split) for path in images]
        for entry in folders:
            if entry not in splits.values() and _images_below(entry)[0]:
                notes.append(f"{entry.name}/ is neither train, validation nor test: its images are not used.")
    else:
        for class_folder in folders:
            _refuse_splits_below_classes(class_folder)
            images, ignored = _images_below(class_folder)
            beside += ignored
            found += [(path, class_folder.name, None) for path in images]
    loose = _images_directly_in(folder)
    if not found:
        what = f"{len(loose)} images but no class folders" if loose else "no images in class folders"
        if beside:
            what += f" ({beside} files of other kinds; images are {' '.join(sorted(IMAGE_SUFFIXES))})"
        raise DataError(f"{folder}: {what}; {LAYOUTS}")
    if loose:
        notes.append(f"{len(loose)} images directly in {folder.name}/ belong to no class: they are not used.")
    rows = [(path, path.relative_to(folder).as_posix(), label, split) for path, label, split in found]
    return _listing(folder.name, rows, notes, beside + len(loose))


def list_csv(table: Path) -> Listing:
    """Images that a CSV file names: columns ``path``, ``label`` and perhaps ``split``; others are ignored.

    Paths are relative to the CSV's folder, or absolute. Raises :class:`DataError` with the line at fault.
    """
    try:
        text = table.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{table}: cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{table}: not UTF-8 text ({error.reason}); save it as UTF-8") from error
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        return _listing(table.stem, _csv_rows(((reader.line_num, cells) for cells in reader), table), [], 0)
    except csv.Error as error:
        raise DataError(
            f"{table}, line {reader.line_num}: not a line of CSV ({error}); correct it"
        ) from error


def _csv_rows(
    numbered: Iterator[tuple[int, list[str]]], table: Path
) -> list[tuple[Path, str, str, Split | None]]:
    _, first = next(numbered, (1, []))
    header = [cell.strip().lower() for cell in first]
    for column in ("path", "label"):
        if header.count(column) != 1:
            raise DataError(
                f"{table}, line 1: the header must name the columns path,label[,split] once each, "
                f"separated by commas; found {','.join(header) or 'nothing'}"
            )
    rows: list[tuple[Path, str, str, Split | None]] = []
    lines: dict[str, int] = {}
    for line, cells in numbered:
        place = f"{table}, line {line}"
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise DataError(
                f"{place}: {len(cells)} columns under a header of {len(header)}; put quotes around values "
                "that hold commas"
            )
        row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        name = row["path"].replace("\\", "/")
        if not name or not row["label"]:
            raise DataError(f"{place}: path and label must not be empty; fill them in or remove the line")
        if name in lines:
            raise DataError(f"{place}: repeats {name} of line {lines[name]}; remove one of the two")
        lines[name] = line
        rows.append((table.parent / name, name, row["label"], _split_of(row.get("split", ""), place)))
    if not rows:
        raise DataError(f"{table}: no images under the header; {LAYOUTS}")
    without = [name for _, name, _, split in rows if split is None]
    if without and len(without) < len(rows):
        raise DataError(
            f"{table}, line {lines[without[0]]}: no split, where other lines have one; name it in all lines "
            "or in none"
        )
    return rows


def _split_of(cell: str, place: str) -> Split | None:
    if not cell:
        return None
    if cell.lower() not in SPLIT_NAMES:
        raise DataError(f"{place}: split is {cell!r}; use one of {', '.join(SPLIT_NAMES)}")
    return SPLIT_NAMES[cell.lower()]


def _listing(
    name: str, rows: Iterable[tuple[Path, str, str, Split | None]], notes: Iterable[str], ignored: int
) -> Listing:
    ordered = sorted(rows, key=lambda row: row[1])
    names = {label for _, _, label, _ in ordered}
    numeric = all(label.isdecimal() for label in names)
    classes = tuple(sorted(names, key=lambda label: (int(label) if numeric else 0, label)))
    index = {label: number for number, label in enumerate(classes)}
    records = tuple(Record(path, short, index[label], split) for path, short, label, split in ordered)
    return Listing(name, classes, records, tuple(notes), ignored)


def _split_folders(folders: list[Path]) -> dict[Split, Path]:
    """The train, validation and test folders among ``folders``; none where all are class folders."""
    named = [folder for folder in folders if folder.name.lower() in SPLIT_NAMES]
    # A class may be called "train" (beside "bus" and "car"); split folders are those above class folders.
    if len(named) == 1 and len(folders) > 1 and not _folders(named[0]):
        return {}
    splits: dict[Split, Path] = {}
    for folder in named:
        loose = _images_directly_in(folder)
        if loose:
            raise DataError(
                f"{folder}: {len(loose)} images lie outside class folders (first: {loose[0].name}); "
                f"move them into {folder.name}/CLASS/"
            )
        split = SPLIT_NAMES[folder.name.lower()]
        if split in splits:
            raise DataError(
                f"{folder.parent}: both {splits[split].name}/ and {folder.name}/ are {split} folders; "
                "keep one of them"
            )
        splits[split] = folder
    return splits


def _refuse_splits_below_classes(folder: Path) -> None:
    for below in _folders(folder):
        if below.name.lower() in SPLIT_NAMES:
            raise DataError(
                f"{below}: split folders belong above the class folders, as in "
                f"{folder.parent.name}/{below.name}/{folder.name}/"
            )


def _visible(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from (e for e in entries if not e.name.startswith(".") and e.name != "__MACOSX")
    except OSError as error:
        raise DataError(f"{folder}: cannot be listed ({error.strerror}); check the path") from error


def _folders(folder: Path) -> list[Path]:
    return sorted(Path(entry.path) for entry in _visible(folder) if entry.is_dir())


def _is_image(entry: os.DirEntry[str]) -> bool:
    return entry.is_file() and Path(entry.name).suffix.lower() in IMAGE_SUFFIXES


def _images_directly_in(folder: Path) -> list[Path]:
    return sorted(Path(entry.path) for entry in _visible(folder) if _is_image(entry))


def _images_below(folder: Path, above: frozenset[str] = frozenset()) -> tuple[list[Path], int]:
    """Images in ``folder`` and its subfolders, and the number of other visible files."""
    place = os.path.realpath(folder)
    if place in above:
        raise DataError(f"{folder}: this link leads back to a folder above it; remove the link")
    images: list[Path] = []
    ignored = 0
    for entry in _visible(folder):
        if entry.is_dir():
            more, others = _images_below(Path(entry.path), above | {place})
            images += more
            ignored += others
        elif _is_image(entry):
            images.append(Path(entry.path))
        else:
            ignored += 1
    return sorted(images), ignored
