"""From what was examined to what is said of it: the findings of a data set, and its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attendnets.data.dataset import Split
from attendnets.data.examine import Examined, Unusable
from attendnets.data.findings import TITLES, CheckReport, Finding, Kind
from attendnets.data.folder import Listing

#: A class with fewer images than this is called tiny; one this many times smaller than the largest, uneven.
TINY_CLASS = 20
IMBALANCE = 10
#: Pictures longer than this many times their breadth lose much when they are stretched to a square.
LONGEST = 2.5
#: Shorter sides that differ by more than this factor show their subjects at very different scales.
SIZE_SPREAD = 8

# Networks take squares of this many pixels a side at least, or what images up to the second size hold.
_SMALLEST_INPUT = 48
_SMALL_IMAGE, _SIZE_STEP = 40, 8

_SIZES_NAMED = 10
_OF_SUFFIX = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".bmp": "BMP",
    ".gif": "GIF", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP", ".pgm": "PPM", ".ppm": "PPM",
    ".pbm": "PPM", ".pnm": "PPM",
}  # fmt: skip
_SAME_FORMAT = {"MPO": "JPEG", "DIB": "BMP"}
_CONVERSIONS = {
    "1": "1-bit pixels become black and white",
    "P": "palette colours become RGB",
    "PA": "palette colours become RGB, transparent parts white",
    "LA": "transparent parts become white",
    "RGBA": "transparent parts become white",
    "CMYK": "print colours (CMYK) become RGB",
    "YCbCr": "YCbCr colours become RGB",
    "HSV": "HSV colours become RGB",
    "RGBX": "the fourth channel is dropped",
}


def report(
    listing: Listing,
    images: Sequence[Examined],
    findings: Iterable[Finding],
    splits: Mapping[str, Split],
    made_splits: tuple[Split, ...],
) -> CheckReport:
    """Sum up an examination; ``splits`` is where each usable image went, by name."""
    counts = {split: dict.fromkeys(listing.classes, 0) for split in ("train", "validation", "test")}
    for image in images:
        counts[splits[image.record.name]][listing.classes[image.record.label]] += 1
    sizes = Counter(image.size for image in images)
    grey = sum(image.grey for image in images)
    order = {kind: place for place, kind in enumerate(TITLES)}
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
        findings=tuple(sorted(findings, key=lambda finding: order[finding.kind])),
        ignored_files=listing.ignored_files,
        notes=listing.notes,
    )


def files_left_out(unusable: Iterable[Unusable]) -> Iterator[Finding]:
    """One finding for each file that cannot be used."""
    for file in unusable:
        yield Finding(file.kind, (file.record.name,), file.reason, "excluded")


def classes_at_fault(
    listing: Listing, images: Sequence[Examined], unusable: Sequence[Unusable]
) -> Iterator[Finding]:
    """Why nothing can be learned from the classes, and what makes it hard."""
    classes = listing.classes
    if len(classes) < 2:
        yield Finding(
            "too_few_classes",
            (),
            f"only one class, {classes[0]}; there is nothing to tell apart",
            "refused",
            "add images of another class, or name the folder that holds the class folders themselves",
        )
    counts = Counter(image.record.label for image in images)
    broken: dict[int, Unusable] = {}
    for file in unusable:
        broken.setdefault(file.record.label, file)
    for label, file in broken.items():
        if not counts[label]:
            yield Finding(
                "no_training_images",
                (),
                f"no image of class {classes[label]} can be read ({file.record.name}: {file.reason})",
                "refused",
                "replace the files or remove the class",
            )
    alike: dict[str, list[str]] = {}
    for name in classes:
        alike.setdefault("".join(name.casefold().split()), []).append(name)
    for names in alike.values():
        if len(names) > 1:
            yield Finding(
                "similar_class_names",
                (),
                f"the classes {', '.join(names)} differ only in capitals or spaces",
                "kept",
                "merge them if they are one",
            )
    for label, count in sorted(counts.items()):
        if count < TINY_CLASS:
            yield Finding(
                "tiny_class",
                (),
                f"class {classes[label]} has {count} usable images, so that its accuracy will be a guess",
                "kept",
                f"add images, {TINY_CLASS} or more",
            )
    if len(counts) > 1 and max(counts.values()) > IMBALANCE * min(counts.values()):
        (largest, most), (smallest, least) = counts.most_common()[0], counts.most_common()[-1]
        yield Finding(
            "class_imbalance",
            (),
            f"class {classes[largest]} has {most} images, class {classes[smallest]} {least}",
            "kept",
            "rare classes weigh more in training; balanced accuracy tells more than top-1",
        )


def classes_missing(
    listing: Listing, images: Iterable[Examined], splits: Mapping[str, Split]
) -> Iterator[Finding]:
    """Classes that a split has no image of."""
    there = {(splits[image.record.name], image.record.label) for image in images}
    for split in ("train", "validation", "test"):
        missing = [name for label, name in enumerate(listing.classes) if (split, label) not in there]
        if missing:
            yield Finding(
                "missing_class", (), f"the {split} split has no image of {', '.join(missing)}", "kept"
            )


def copies(
    listing: Listing,
    images: Sequence[Examined],
    alike: Iterable[Sequence[int]],
    splits: Mapping[str, Split],
) -> Iterator[Finding]:
    """Images of the same bytes, groups of nearly the same pictures, and where their splits or labels differ.

    ``alike`` holds indexes into ``images``, one of each content.
    """
    same: dict[str, list[int]] = {}
    for index, image in enumerate(images):
        same.setdefault(image.content, []).append(index)
    groups: dict[str, list[int]] = {}
    for near in alike:
        everyone = sorted(copy for index in near for copy in same[images[index].content])
        groups[images[near[0]].content] = everyone
        yield Finding(
            "near_duplicates",
            _names(images, everyone),
            "nearly the same picture",
            "kept",
            "splits made by attendnets keep them on one side",
        )
    together = {images[index].content for group in groups.values() for index in group}
    for content, group in same.items():
        if len(group) > 1:
            yield Finding("exact_duplicates", _names(images, group), "the same bytes", "kept")
            if content not in together:
                groups[content] = group
    for group in groups.values():
        records = [images[index].record for index in group]
        exact = len({images[index].content for index in group}) == 1
        what = "the same bytes" if exact else "nearly the same picture"
        if len({splits[record.name] for record in records}) > 1:
            found = ", ".join(sorted({splits[record.name] for record in records}))
            yield Finding(
                "split_leak",
                _names(images, group),
                f"{what} in {found}: results there are too good",
                "kept",
                "remove them from all splits but one, or give no splits",
            )
        if len({record.label for record in records}) > 1:
            classes = ", ".join(sorted({listing.classes[record.label] for record in records}))
            yield Finding(
                "label_conflict",
                _names(images, group),
                f"{what} under {classes}" + (": at least one label is wrong" if exact else ""),
                "kept",
                "correct the labels" if exact else "look whether one of the labels is wrong",
            )


def grouped(
    keys: Mapping[str, str | None], images: Iterable[Examined], splits: Mapping[str, Split]
) -> Iterator[Finding]:
    """What ``--group-by`` could not place, and groups that given splits divide."""
    places: dict[str, dict[str, Split]] = {}
    alone: list[str] = []
    for image in images:
        name = image.record.name
        key = keys[name]
        if key is None:
            alone.append(name)
        else:
            places.setdefault(key, {})[name] = splits[name]
    if alone:
        detail = f"{len(alone)} of {len(splits)} names have no group by --group-by; each stands alone"
        yield Finding("ungrouped", tuple(alone), detail, "kept")
    for key, members in places.items():
        if len(set(members.values())) > 1:
            found = ", ".join(sorted(set(members.values())))
            yield Finding(
                "group_leak",
                tuple(members),
                f"the group {key} lies in {found}: results there are too good",
                "kept",
                "move it to one split, or give no splits",
            )


def traits(images: Sequence[Examined]) -> Iterator[Finding]:
    """What files are beside their content: formats, modes, rotation, frames, sizes."""
    by_detail: dict[tuple[Kind, str, str], list[str]] = {}

    def note(kind: Kind, detail: str, image: Examined, advice: str = "") -> None:
        by_detail.setdefault((kind, detail, advice), []).append(image.record.name)

    shorter = sorted(min(image.size) for image in images)
    native = shorter[len(shorter) // 2] if shorter else 0
    least = native // _SIZE_STEP * _SIZE_STEP if native <= _SMALL_IMAGE else _SMALLEST_INPUT
    for image in images:
        suffix = image.record.path.suffix.lower()
        file_format = _SAME_FORMAT.get(image.format, image.format)
        if _OF_SUFFIX.get(suffix, file_format) != file_format:
            note("wrong_extension", f"named {suffix}, but holds {file_format}: read as what it is", image)
        wide = "16-bit values are scaled to 8 bits" if image.mode.startswith("I") else None
        conversion = wide or _CONVERSIONS.get(image.mode)
        if conversion is not None:
            note("converted_mode", f"{image.mode}: {conversion}", image)
        if image.turned:
            note("exif_rotation", "turned upright as their EXIF data says", image, "devices must do the same")
        if image.frames:
            note("multi_frame", "of several frames only the first is used", image)
        if min(image.size) < least:
            detail = f"a side below {least} pixels, the smallest input of a network: enlarged"
            note("small_image", detail, image)
        if max(image.size) > LONGEST * min(image.size):
            detail = f"more than {LONGEST:g} times as long as broad: stretched to a square"
            note("stretched", detail, image, "crop them")
    for (kind, detail, advice), names in by_detail.items():
        converted = kind in ("converted_mode", "exif_rotation", "multi_frame", "small_image", "stretched")
        yield Finding(kind, tuple(names), detail, "converted" if converted else "kept", advice)
    if shorter and shorter[-1] > SIZE_SPREAD * shorter[0]:
        yield Finding(
            "size_spread",
            (),
            f"shorter sides from {shorter[0]} to {shorter[-1]} pixels: all are scaled to one size",
            "kept",
        )


def _names(images: Sequence[Examined], indexes: Iterable[int]) -> tuple[str, ...]:
    return tuple(images[index].record.name for index in indexes)
