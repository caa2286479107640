"""From a source (a folder, a CSV file, "elpv") to a checked data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from attendnets.data import check
from attendnets.data.dataset import DataSet, LearningData, Sample, SealedTest, Split, digest_of
from attendnets.data.elpv import elpv_folder, list_elpv
from attendnets.data.examine import Examined, examine
from attendnets.data.findings import CheckReport, Finding
from attendnets.data.folder import Listing, Record, list_csv, list_folder
from attendnets.data.grouping import Grouping, keys, parse_grouping
from attendnets.data.near_duplicates import near_duplicates
from attendnets.data.split import Member, assign_splits
from attendnets.errors import DataError, UsageError

Progress = Callable[[int, int], None]


def check_data_set(
    source: str | Path, *, seed: int = 0, group_by: str | None = None, progress: Progress | None = None
) -> CheckReport:
    """What :func:`open_data_set` would find and do, also where it would refuse the data set.

    Raises :class:`DataError` only where images cannot even be listed, UsageError for ``group_by``.
    """
    return _checked(source, seed, group_by, progress).report


def open_data_set(
    source: str | Path, *, seed: int = 0, group_by: str | None = None, progress: Progress | None = None
) -> DataSet:
    """Read and check a data set, make the splits that it lacks, and seal its test split.

    ``source`` is a folder of class folders (optionally below train, validation and test folders), a CSV
    file of ``path,label[,split]``, or the text "elpv" for the built-in data set (a folder of that name is
    "./elpv"). Every image is decoded once; broken ones are left out and reported in ``check``. The same
    files and ``seed`` give the same splits. No file is changed.

    Splits that are made keep on one side: copies, nearly the same pictures, and images that ``group_by``
    puts together. It is a regular expression, whose first group (or whole match) in an image's name is the
    key, or ``column:NAME`` for a column of the CSV file. ``progress`` is called with (images done, images
    in all).

    Raises :class:`DataError` where there is nothing to learn from: no images, one class, a class without
    training images, a layout or a CSV line that cannot be understood; UsageError for ``group_by``.

    Example::

        data = open_data_set("photos/")
        print(describe_check(data.check))
    """
    found = _checked(source, seed, group_by, progress)
    listing, report = found.listing, found.report
    if report.refusals:
        raise DataError(f"{source}: {'. Also: '.join(report.refusals)}")

    def rows(split: Split) -> list[tuple[str, ...]]:
        return [
            (image.record.name, listing.classes[image.record.label], split, image.content)
            for image in found.images
            if found.splits[image.record.name] == split
        ]

    def samples(split: Split) -> tuple[Sample, ...]:
        return tuple(
            _sample(image.record) for image in found.images if found.splits[image.record.name] == split
        )

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


def image_root(source: str | Path) -> Path:
    """The folder that the names of a source's images are relative to."""
    if source == "elpv":
        return elpv_folder()
    path = Path(source)
    return path if path.is_dir() else path.parent


@dataclass(frozen=True)
class _Checked:
    listing: Listing
    images: tuple[Examined, ...]
    splits: Mapping[str, Split]
    report: CheckReport


def _checked(source: str | Path, seed: int, group_by: str | None, progress: Progress | None) -> _Checked:
    grouping = None if group_by is None else parse_grouping(group_by)
    listing = _list(source, grouping)
    group_keys = {} if grouping is None else keys(grouping, listing.records)
    images, unusable = examine(listing.records, progress)
    alike = near_duplicates(images)
    findings: list[Finding] = [
        *listing.findings,
        *check.files_left_out(unusable),
        *check.classes_at_fault(listing, images, unusable),
        *check.traits(images),
    ]
    splits: Mapping[str, Split] = {image.record.name: image.record.split or "train" for image in images}
    made: tuple[Split, ...] = ()
    if not any(finding.action == "refused" for finding in findings):
        try:
            splits, made = assign_splits(_members(images, alike, group_keys), listing.classes, seed)
        except DataError as error:
            findings.append(Finding("too_few_images", (), str(error), "refused"))
    findings += check.copies(listing, images, alike, splits)
    if grouping is not None:
        findings += check.grouped(group_keys, images, splits)
    if not any(finding.action == "refused" for finding in findings):
        findings += check.classes_missing(listing, images, splits)
    return _Checked(listing, images, splits, check.report(listing, images, findings, splits, made))


def _members(
    images: Sequence[Examined], alike: Sequence[Sequence[int]], group_keys: Mapping[str, str | None]
) -> list[Member]:
    """The images as splitting sees them: bound together by bytes, by look and by ``--group-by``.

    The key of a group is the least of its contents, so that an image alone is drawn by its own bytes.
    """
    leader = {image.content: image.content for image in images}

    def find(content: str) -> str:
        while leader[content] != content:
            leader[content] = leader[leader[content]]
            content = leader[content]
        return content

    def bind(one: str, other: str) -> None:
        first, second = sorted((find(one), find(other)))
        leader[second] = first

    for group in alike:
        for index in group[1:]:
            bind(images[group[0]].content, images[index].content)
    first_of: dict[str, str] = {}
    for image in images:
        key = group_keys.get(image.record.name)
        if key is not None:
            bind(first_of.setdefault(key, image.content), image.content)
    return [
        Member(
            image.record.name, image.record.label, image.record.stratum, find(image.content),
            image.record.split,
        )
        for image in images
    ]  # fmt: skip


def open_test_folder(source: str | Path, classes: tuple[str, ...]) -> tuple[Sample, ...]:
    """The images to measure a finished network on: the test split of ``source`` if it has splits, else all.

    ``source`` is a folder or a CSV file; its class names must be among ``classes``, the network's, whose
    order gives the labels. Files are not opened here. Raises :class:`DataError` for other classes, and
    for splits without a test split.
    """
    listing = _list(Path(source), None)
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


def _list(source: str | Path, grouping: Grouping | None) -> Listing:
    path = Path(source)
    column = None if grouping is None else grouping.column
    if source != "elpv" and path.suffix.lower() == ".csv" and path.is_file():
        return list_csv(path, column)
    if column is not None:
        raise UsageError(f"--group-by column:{column}: only a CSV file has columns, and {source} is none")
    if source == "elpv":
        return list_elpv()
    if path.is_dir():
        return list_folder(path)
    what = "neither a folder nor a .csv file" if path.exists() else "no such folder or file"
    raise DataError(
        f'{source}: {what}; use a folder of class folders, a CSV of path,label[,split], or "elpv"'
    )


def _sample(record: Record) -> Sample:
    return Sample(record.path, record.name, record.label, record.stratum)
