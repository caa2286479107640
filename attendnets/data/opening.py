"""From a source (a folder, a CSV file, "elpv") to a checked data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from attendnets.data import check
from attendnets.data.dataset import DataSet, LearningData, Sample, SealedTest, Split, digest_of
from attendnets.data.elpv import list_elpv
from attendnets.data.folder import Listing, Record, list_csv, list_folder
from attendnets.data.split import Member, assign_splits
from attendnets.errors import DataError


def open_data_set(
    source: str | Path, *, seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> DataSet:
    """Read and check a data set, make the splits that it lacks, and seal its test split.

    ``source`` is a folder of class folders (optionally below train, validation and test folders), a CSV
    file of ``path,label[,split]``, or the text "elpv" for the built-in data set (a folder of that name is
    "./elpv"). Every image is decoded once; broken ones are left out and reported in ``check``. The same
    files and ``seed`` give the same splits. No file is changed.

    Raises :class:`DataError` where there is nothing to learn from: no images, one class, a class without
    training images, a layout or a CSV line that cannot be understood.

    Example::

        data = open_data_set("photos/")
        print(describe_check(data.check))
    """
    listing = _list(source)
    if len(listing.classes) < 2:
        raise DataError(
            f"{source}: only one class, {listing.classes[0]}; there is nothing to tell apart. Add images of "
            "another class, or name the folder that holds the class folders themselves"
        )
    usable, unreadable = check.examine(listing.records, progress)
    _require_readable_classes(listing, usable, unreadable)
    members = [
        Member(image.record.name, image.record.label, image.record.stratum, image.content, image.record.split)
        for image in usable
    ]
    try:
        splits, made = assign_splits(members, listing.classes, seed)
    except DataError as error:
        raise DataError(f"{source}: {error}") from error
    report = check.report(listing, usable, unreadable, splits, made)

    def rows(split: Split) -> list[tuple[str, ...]]:
        return [
            (image.record.name, listing.classes[image.record.label], split, image.content)
            for image in usable
            if splits[image.record.name] == split
        ]

    def samples(split: Split) -> tuple[Sample, ...]:
        return tuple(_sample(image.record) for image in usable if splits[image.record.name] == split)

    learning = LearningData(
        listing.classes, report.channels, samples("train"), samples("validation"), listing.orientation_free
    )
    return DataSet(
        name=listing.name,
        classes=listing.classes,
        channels=report.channels,
        learning=learning,
        test=SealedTest(samples("test"), digest_of(rows("test"))),
        digest=digest_of([*rows("train"), *rows("validation"), *rows("test")]),
        notes=report.notes,
        check=report,
    )


def open_test_folder(source: str | Path, classes: tuple[str, ...]) -> tuple[Sample, ...]:
    """The images to measure a finished network on: the test split of ``source`` if it has splits, else all.

    ``source`` is a folder or a CSV file; its class names must be among ``classes``, the network's, whose
    order gives the labels. Files are not opened here. Raises :class:`DataError` for other classes, and
    for splits without a test split.
    """
    listing = _list(Path(source))
    unknown = [name for name in listing.classes if name not in classes]
    if unknown:
        raise DataError(
            f"{source}: the network does not know the class {', '.join(unknown)}; its classes are "
            f"{', '.join(classes)}. Name the class folders so"
        )
    records: Sequence[Record] = listing.records
    if any(record.split is not None for record in records):
        records = [record for record in records if record.split == "test"]
        if not records:
            raise DataError(
                f"{source}: it has splits but no test split; name the folder whose images to measure on, "
                "such as its validation folder"
            )
    return tuple(
        Sample(record.path, record.name, classes.index(listing.classes[record.label]), record.stratum)
        for record in records
    )


def _list(source: str | Path) -> Listing:
    if source == "elpv":
        return list_elpv()
    path = Path(source)
    if path.is_dir():
        return list_folder(path)
    if path.suffix.lower() == ".csv" and path.is_file():
        return list_csv(path)
    what = "neither a folder nor a .csv file" if path.exists() else "no such folder or file"
    raise DataError(
        f'{source}: {what}; use a folder of class folders, a CSV of path,label[,split], or "elpv"'
    )


def _sample(record: Record) -> Sample:
    return Sample(record.path, record.name, record.label, record.stratum)


def _require_readable_classes(
    listing: Listing, usable: Sequence[check.Examined], unreadable: Sequence[check.Unreadable]
) -> None:
    label_of = {record.name: record.label for record in listing.records}
    readable = {image.record.label for image in usable}
    for broken in unreadable:
        if label_of[broken.name] not in readable:
            raise DataError(
                f"{listing.name}: no image of class {listing.classes[label_of[broken.name]]} can be read "
                f"({broken.name}: {broken.reason}); replace the files or remove the class"
            )
