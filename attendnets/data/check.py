"""What is in the files of a data set: one pass that reads, hashes and decodes every image once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from attendnets.data.dataset import Split
from attendnets.data.decode import (
    flatten,
    load,
    open_image,
    quiet_pillow,
    reading_failure,
    upright,
    upright_size,
)
from attendnets.data.folder import Listing, Record
from attendnets.data.pixels import DECODING_THREADS
from attendnets.errors import DataError

# JPEGs are decoded for the check at no less than this size: all their data is read and colour shows, but
# large photographs take a fraction of the time.
_DRAFT_SIZE = (256, 256)
_SIZES_NAMED = 10


@dataclass(frozen=True)
class Unreadable:
    """An image that was left out, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class LabelConflict:
    """Files with the same bytes under different labels: at least one label is wrong."""

    names: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class SplitLeak:
    """Files with the same bytes in different splits of the user's own: results on them are too good."""

    names: tuple[str, ...]
    splits: tuple[Split, ...]


@dataclass(frozen=True)
class CheckReport:
    """What the check of a data set found.

    ``counts`` is split to class to images. ``made_splits`` are those that the source did not give.
    ``channels`` is 1 when all usable images are grey. ``modes`` are Pillow's names of pixel formats;
    ``sizes`` are the ten most frequent "WIDTHxHEIGHT" with their image counts, ``distinct_sizes`` how many
    there are. ``duplicates`` are groups of files with the same bytes. ``ignored_files`` counts files
    beside the images. ``notes`` are sentences for the user.
    """

    source: str
    images: int
    classes: tuple[str, ...]
    counts: dict[str, dict[str, int]]
    made_splits: tuple[Split, ...]
    channels: int
    grey_images: int
    modes: dict[str, int]
    sizes: dict[str, int]
    distinct_sizes: int
    unreadable: tuple[Unreadable, ...]
    duplicates: tuple[tuple[str, ...], ...]
    label_conflicts: tuple[LabelConflict, ...]
    split_leaks: tuple[SplitLeak, ...]
    ignored_files: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Examined:
    """A usable image: its SHA-256, pixel mode, upright size (width, height), and whether it is grey."""

    record: Record
    content: str
    mode: str
    size: tuple[int, int]
    grey: bool


def examine(
    records: Sequence[Record], progress: Callable[[int, int], None] | None = None
) -> tuple[tuple[Examined, ...], tuple[Unreadable, ...]]:
    """Read every file once: the usable images and the unreadable ones, each in the records' order.

    ``progress`` is called with (files done, files in all).
    """
    usable: list[Examined] = []
    unreadable: list[Unreadable] = []
    with quiet_pillow(), ThreadPoolExecutor(DECODING_THREADS) as pool:
        for done, result in enumerate(pool.map(_examine_one, records), 1):
            if isinstance(result, Examined):
                usable.append(result)
            else:
                unreadable.append(result)
            if progress is not None and (done % 64 == 0 or done == len(records)):
                progress(done, len(records))
    return tuple(usable), tuple(unreadable)


def _examine_one(record: Record) -> Examined | Unreadable:
    try:
        data = record.path.read_bytes()
    except OSError as error:
        return Unreadable(record.name, reading_failure(error))
    try:
        image = open_image(data)
        mode, size = image.mode, upright_size(image)
        image.draft(None, _DRAFT_SIZE)
        flat = flatten(upright(load(image)))
    except DataError as error:
        return Unreadable(record.name, str(error))
    return Examined(record, hashlib.sha256(data).hexdigest(), mode, size, _is_grey(flat))


def _is_grey(image: Image.Image) -> bool:
    """Whether an "L" or "RGB" image has no colour anywhere."""
    if image.mode == "L":
        return True
    values = np.asarray(image)
    # A coarse look first: nearly every colour picture ends here.
    for part in (values[::16, ::16], values):
        if (part[..., 0] != part[..., 1]).any() or (part[..., 1] != part[..., 2]).any():
            return False
    return True


def report(
    listing: Listing,
    examined: Iterable[Examined],
    unreadable: tuple[Unreadable, ...],
    splits: Mapping[str, Split],
    made_splits: tuple[Split, ...],
) -> CheckReport:
    """Sum up an examination; ``splits`` is where each usable image went, by name."""
    images = list(examined)
    counts = {split: dict.fromkeys(listing.classes, 0) for split in ("train", "validation", "test")}
    same: dict[str, list[Record]] = {}
    for image in images:
        counts[splits[image.record.name]][listing.classes[image.record.label]] += 1
        same.setdefault(image.content, []).append(image.record)
    groups = [records for records in same.values() if len(records) > 1]
    sizes = Counter(image.size for image in images)
    grey = sum(image.grey for image in images)
    return CheckReport(
        source=listing.name,
        images=len(images),
        classes=listing.classes,
        counts=counts,
        made_splits=made_splits,
        channels=1 if grey == len(images) else 3,
        grey_images=grey,
        modes=dict(Counter(image.mode for image in images).most_common()),
        sizes={f"{width}x{height}": count for (width, height), count in sizes.most_common(_SIZES_NAMED)},
        distinct_sizes=len(sizes),
        unreadable=unreadable,
        duplicates=tuple(tuple(record.name for record in group) for group in groups),
        label_conflicts=tuple(
            LabelConflict(
                tuple(record.name for record in group),
                tuple(listing.classes[record.label] for record in group),
            )
            for group in groups
            if len({record.label for record in group}) > 1
        ),
        split_leaks=tuple(
            SplitLeak(tuple(record.name for record in group), tuple(splits[record.name] for record in group))
            for group in groups
            if len({splits[record.name] for record in group}) > 1
        ),
        ignored_files=listing.ignored_files,
        notes=(*listing.notes, *_missing_classes(counts)),
    )


def _missing_classes(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    missing = {split: [name for name, count in row.items() if not count] for split, row in counts.items()}
    return [
        f"The {split} split has no image of {', '.join(names)}." for split, names in missing.items() if names
    ]


def describe_check(report: CheckReport, longest_list: int = 10) -> str:
    """The report as plain text; lists of files are cut after ``longest_list`` entries, and say so."""
    width = max(len(name) for name in (*report.classes, "class"))
    lines = [
        f"{report.source}: {report.images} images, {len(report.classes)} classes, "
        + ("all grey: 1 channel" if report.channels == 1 else f"3 channels ({report.grey_images} grey)"),
        "",
        f"{'class':{width}}  {'train':>8}  {'validation':>10}  {'test':>8}",
    ]
    by_split = [report.counts[split] for split in ("train", "validation", "test")]
    rows = [(name, [counts[name] for counts in by_split]) for name in report.classes]
    rows.append(("all", [sum(counts.values()) for counts in by_split]))
    for name, (train, validation, test) in rows:
        lines.append(f"{name:{width}}  {train:8}  {validation:10}  {test:8}")
    made = f"made here, by class: {', '.join(report.made_splits)}" if report.made_splits else "as given"
    lines += ["", f"splits: {made}", f"pixel modes: {_counted(report.modes)}"]
    more = report.distinct_sizes - len(report.sizes)
    lines.append(f"sizes: {_counted(report.sizes)}" + (f", and {more} more" if more else ""))
    if report.ignored_files:
        lines.append(f"files that are no images, or in no class folder: {report.ignored_files}")
    unreadable = [f"{bad.name}: {bad.reason}" for bad in report.unreadable]
    lines += _listed("unreadable, left out", unreadable, longest_list)
    lines += _listed("same bytes", [" = ".join(group) for group in report.duplicates], longest_list)
    lines += _listed(
        "same bytes under different classes: correct one of them",
        [_paired(conflict.names, conflict.labels) for conflict in report.label_conflicts],
        longest_list,
    )
    lines += _listed(
        "same bytes in different splits of yours: results there are too good",
        [_paired(leak.names, leak.splits) for leak in report.split_leaks],
        longest_list,
    )
    lines += ["", *report.notes] if report.notes else []
    return "\n".join(lines)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in counts.items())


def _paired(names: Iterable[str], values: Iterable[str]) -> str:
    return ", ".join(f"{name} ({value})" for name, value in zip(names, values, strict=True))


def _listed(title: str, items: Sequence[str], longest: int) -> list[str]:
    if not items:
        return []
    rest = [f"  and {len(items) - longest} more"] if len(items) > longest else []
    return ["", f"{title} ({len(items)}):", *(f"  {item}" for item in items[:longest]), *rest]
