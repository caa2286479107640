"""What a check says: findings by kind, and the report that holds them. Plain values, JSON both ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from attendnets.data.dataset import Split
from attendnets.data.decode import Fault

#: What is found, for programs. Reasons why a file cannot be used are those of :mod:`attendnets.data.decode`.
Kind: TypeAlias = (
    Fault
    | Literal[
        "too_few_classes",
        "too_few_images",
        "no_training_images",
        "splits_as_classes",
        "split_leak",
        "label_conflict",
        "exact_duplicates",
        "near_duplicates",
        "group_leak",
        "ungrouped",
        "class_imbalance",
        "tiny_class",
        "missing_class",
        "similar_class_names",
        "looks_like_split",
        "wrong_extension",
        "converted_mode",
        "exif_rotation",
        "multi_frame",
        "small_image",
        "stretched",
        "size_spread",
    ]
)

#: What ``build`` does: the images are left out; used after a change; used as they are; or nothing is built.
Action: TypeAlias = Literal["excluded", "converted", "kept", "refused"]

#: What people read for a kind, in the order in which kinds are told.
TITLES: dict[Kind, str] = {
    "too_few_classes": "too few classes",
    "too_few_images": "too few different images",
    "no_training_images": "no training images",
    "splits_as_classes": "splits taken for classes",
    "missing_file": "missing files",
    "not_a_file": "no regular files",
    "unreadable": "unreadable",
    "empty_file": "empty files",
    "not_an_image": "no images",
    "truncated": "truncated",
    "broken": "broken",
    "too_large": "too many pixels",
    "unsupported_mode": "pixel formats without defined values",
    "split_leak": "the same picture in different splits",
    "label_conflict": "the same picture under different classes",
    "exact_duplicates": "same bytes",
    "near_duplicates": "nearly the same picture",
    "group_leak": "groups in different splits",
    "ungrouped": "names without a group",
    "class_imbalance": "uneven classes",
    "tiny_class": "tiny classes",
    "missing_class": "classes missing in a split",
    "similar_class_names": "class names that differ little",
    "looks_like_split": "classes that look like splits",
    "wrong_extension": "wrong extension",
    "converted_mode": "pixel formats converted",
    "exif_rotation": "turned by EXIF",
    "multi_frame": "several frames",
    "small_image": "smaller than the network's input",
    "stretched": "extreme proportions",
    "size_spread": "very different sizes",
}


@dataclass(frozen=True)
class Finding:
    """One thing that a check found.

    ``names`` are the files it is about, relative to the source: one broken file, one group of copies, or
    all files of a trait; none where it is about a class as a whole. ``detail`` says what was found and
    ``advice`` what its owner may do ("" where there is nothing to do): clauses without a full stop.
    """

    kind: Kind
    names: tuple[str, ...]
    detail: str
    action: Action
    advice: str = ""


@dataclass(frozen=True)
class CheckReport:
    """What the check of a data set found.

    ``images`` are the usable ones. ``counts`` is split to class to images, as ``build`` would have them;
    where it would refuse the data, images without a split of their own count as training images.
    ``made_splits`` are those that the source did not give. ``channels`` is 1 when all usable images are
    grey. ``modes`` are Pillow's names of pixel formats; ``sizes`` are the ten most frequent
    "WIDTHxHEIGHT" with their image counts, ``distinct_sizes`` how many there are. ``ignored_files`` counts
    files beside the images. ``notes`` are sentences about the source as a whole.
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
    findings: tuple[Finding, ...]
    ignored_files: int
    notes: tuple[str, ...]

    def of_kind(self, *kinds: Kind) -> tuple[Finding, ...]:
        """The findings of these kinds."""
        return tuple(finding for finding in self.findings if finding.kind in kinds)

    def files(self, action: Action) -> int:
        """How many files ``build`` treats so: left out, converted, or refused; each counts once."""
        return len({name for finding in self.findings if finding.action == action for name in finding.names})

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why ``build`` would refuse this data set, each with the way out; empty where it would not."""
        return tuple(
            f"{finding.detail}; {finding.advice}" if finding.advice else finding.detail
            for finding in self.findings
            if finding.action == "refused"
        )
