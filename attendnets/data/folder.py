"""Which images a folder or a CSV file names, with their classes and splits. No image is opened here."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from attendnets.data.dataset import Split
from attendnets.data.decode import IMAGE_SUFFIXES
from attendnets.data.findings import Finding
from attendnets.data.split_names import SPLIT_NAMES, resembled_split
from attendnets.errors import DataError, UsageError

LAYOUTS = (
    "expected FOLDER/CLASS/*.jpg, or FOLDER/train|validation|test/CLASS/*.jpg, "
    "or a CSV file with the header path,label[,split]"
)


@dataclass(frozen=True)
class Record:
    """An image that a source names. ``split`` is None where the source gives none; ``group`` is its value in
    the column that was asked for, if any."""

    path: Path
    name: str
    label: int
    split: Split | None
    stratum: str = ""
    group: str = ""


@dataclass(frozen=True)
class Listing:
    """What a source names, before any image was opened; records are sorted by name."""

    name: str
    classes: tuple[str, ...]
    records: tuple[Record, ...]
    notes: tuple[str, ...] = ()
    ignored_files: int = 0
    orientation_free: bool = False
    findings: tuple[Finding, ...] = ()


def list_folder(folder: Path) -> Listing:
    """Images in class folders, which may lie below split folders. Folders of a class may have subfolders.

    Raises :class:`DataError` where the layout is not one of these, naming the folder at fault.
    """
    folders = _folders(folder)
    splits = _split_folders(folders)
    beside = 0
    notes: list[str] = []
    findings = _resemblances(folders, splits)
    found: list[tuple[Path, str, Split | None]] = []
    if splits:
        for split, entry in splits.items():
            for class_folder in _folders(entry):
                images, ignored = _images_below(class_folder)
                beside += ignored
                found += [(path, class_folder.name, split) for path in images]
        for entry in folders:
            is_split = entry in splits.values() or resembled_split(entry.name)
            if not is_split and _images_below(entry)[0]:
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
    rows: list[_Row] = []
    for path, label, given in found:
        name = path.relative_to(folder).as_posix()
        if _is_text(name):
            rows.append(_Row(path, name, label, given))
        elif not _is_text(label):
            raise DataError(f"{_printable(str(path.parent))}: the folder's name is not UTF-8 text; rename it")
        else:
            findings.append(
                Finding(
                    "unreadable",
                    (_printable(name),),
                    "its name is not UTF-8 text, which no record could hold",
                    "excluded",
                    "rename it",
                )
            )
    # A folder given as "." or ".." is called what it is called.
    name = folder.name or folder.resolve().name
    return _listing(name, rows, notes, beside + len(loose), findings)


@dataclass(frozen=True)
class _Row:
    path: Path
    name: str
    label: str
    split: Split | None
    group: str = ""


def _is_text(name: str) -> bool:
    """Whether a name is text, not bytes of another encoding that were smuggled into a string."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _printable(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _resemblances(folders: list[Path], splits: dict[Split, Path]) -> list[Finding]:
    """What is to be said of folders that are called like splits, but are none by name."""
    alike = [folder for folder in folders if resembled_split(folder.name) and folder not in splits.values()]
    if splits:
        return [
            Finding(
                "looks_like_split",
                (),
                f"{folder.name}/ looks like a split, but is not called train, validation or test: its images "
                "are not used",
                "excluded",
                "rename it, or merge it with another",
            )
            for folder in alike
        ]
    if len(alike) == len(folders) > 1:
        inside = [{below.name for below in _folders(folder)} for folder in folders]
        common = sorted(set.intersection(*inside))
        if common:
            names = ", ".join(f"{folder.name}/" for folder in folders)
            return [
                Finding(
                    "splits_as_classes",
                    (),
                    f"{names} look like splits, as each holds {', '.join(common[:5])}; they would be taken "
                    "for the classes",
                    "refused",
                    "rename them train, validation and test",
                )
            ]
    return [
        Finding(
            "looks_like_split",
            (),
            f"{folder.name}/ is taken for a class, but is called like a split",
            "kept",
            "if it is a split, name all splits train, validation and test, above the class folders",
        )
        for folder in alike
    ]


def list_csv(table: Path, group_column: str | None = None) -> Listing:
    """Images that a CSV file names: columns ``path``, ``label`` and perhaps ``split``.

    ``group_column`` names one more column, whose values become the records' groups; others are ignored.
    Paths are relative to the CSV's folder, or absolute. Raises :class:`DataError` with the line at fault,
    UsageError where there is no such column.
    """
    text = _csv_text(table)
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        numbered = ((reader.line_num, cells) for cells in reader)
        return _listing(table.stem, _csv_rows(numbered, table, group_column), [], 0, [])
    except csv.Error as error:
        raise DataError(
            f"{table}, line {reader.line_num}: not a line of CSV ({error}); correct it"
        ) from error


def _csv_text(table: Path) -> str:
    try:
        data = table.read_bytes()
    except OSError as error:
        raise DataError(f"{table}: cannot be read ({error.strerror}); check the path") from error
    # Every second byte of Latin text is zero in UTF-16, with a byte order mark or without.
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        raise DataError(f'{table}: this is UTF-16 (in Excel: "Unicode text"); save it as UTF-8')
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{table}, line {line}: not UTF-8 text (byte 0x{data[error.start]:02x}), probably Latin-1 or "
            "Windows-1252; save it as UTF-8"
        ) from error


def _csv_rows(numbered: Iterator[tuple[int, list[str]]], table: Path, group_column: str | None) -> list[_Row]:
    _, first = next(numbered, (1, []))
    header = [cell.strip().lower() for cell in first]
    for column in ("path", "label"):
        if header.count(column) != 1:
            raise DataError(
                f"{table}, line 1: the header must name the columns path,label[,split] once each, "
                f"separated by commas; found {','.join(header) or 'nothing'}"
            )
    if group_column is not None and header.count(group_column) != 1:
        raise UsageError(
            f"--group-by column:{group_column}: {table} has no such column (or several); its columns are "
            f"{', '.join(header)}"
        )
    rows: list[_Row] = []
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
        if "\0" in name:
            raise DataError(f"{place}: a path with a zero byte in it; correct it")
        group = row[group_column] if group_column is not None else ""
        split = _split_of(row.get("split", ""), place)
        rows.append(_Row(table.parent / name, name, row["label"], split, group))
    if not rows:
        raise DataError(f"{table}: no images under the header; {LAYOUTS}")
    without = [row.name for row in rows if row.split is None]
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
    name: str, rows: Iterable[_Row], notes: Iterable[str], ignored: int, findings: Iterable[Finding]
) -> Listing:
    ordered = sorted(rows, key=lambda row: row.name)
    names = {row.label for row in ordered}
    numeric = all(label.isdecimal() for label in names)
    classes = tuple(sorted(names, key=lambda label: (int(label) if numeric else 0, label)))
    index = {label: number for number, label in enumerate(classes)}
    records = tuple(
        Record(row.path, row.name, index[row.label], row.split, group=row.group) for row in ordered
    )
    return Listing(name, classes, records, tuple(notes), ignored, findings=tuple(findings))


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
        raise DataError(
            f"{folder}: cannot be listed ({error.strerror}); check the path and its permissions"
        ) from error


def _folders(folder: Path) -> list[Path]:
    return sorted(Path(entry.path) for entry in _visible(folder) if _is_folder(entry))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link that leads to itself: whoever opens it says so.
        return False


def _is_image(entry: os.DirEntry[str]) -> bool:
    # Also a pipe or a dead link of that name: whoever opens it says what is wrong with it.
    return not _is_folder(entry) and Path(entry.name).suffix.lower() in IMAGE_SUFFIXES


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
        if _is_folder(entry):
            more, others = _images_below(Path(entry.path), above | {place})
            images += more
            ignored += others
        elif _is_image(entry):
            images.append(Path(entry.path))
        else:
            ignored += 1
    return sorted(images), ignored
