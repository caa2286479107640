"""Making the splits that a source does not give: by class and stratum, repeatable, copies on one side."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from attendnets.data.dataset import Split
from attendnets.errors import DataError

#: Shares of the images to be divided that go to the splits that have to be made.
TEST_SHARE = 0.25
VALIDATION_SHARE = 0.12


@dataclass(frozen=True)
class Member:
    """An image as splitting sees it. ``content`` is the hash of its bytes; ``split`` what the source says."""

    name: str
    label: int
    stratum: str
    content: str
    split: Split | None


@dataclass(frozen=True)
class _Group:
    """Images with the same bytes: they go to one split together."""

    content: str
    label: int
    stratum: str
    images: int


def assign_splits(
    members: Sequence[Member], classes: tuple[str, ...], seed: int
) -> tuple[dict[str, Split], tuple[Split, ...]]:
    """Where every image goes, by name, and which splits were made here.

    Splits that the source gives stay as they are. Missing ones are drawn from its training images (from
    all images where it gives none): 25 % for the test, 12 % for validation, per class and within it per
    stratum, at least one image of every class. Files with the same bytes stay together. Whether an image
    is drawn depends on the seed and its bytes, not on its name or order: adding images moves few others.

    Raises :class:`DataError` where a class has too few different images.
    """
    given = {member.split for member in members if member.split is not None}
    if given and "train" not in given:
        raise DataError(
            f"there is a {' and a '.join(sorted(given))} split but no training images; add a train split"
        )
    splits: dict[str, Split] = {member.name: member.split or "train" for member in members}
    pool = [member for member in members if splits[member.name] == "train"]
    made: list[Split] = [split for split in ("validation", "test") if split not in given]
    groups = _groups(pool)
    _require_enough(groups, classes, 1 + len(made))
    taken: dict[str, Split] = {}
    for split, share in (("test", TEST_SHARE), ("validation", VALIDATION_SHARE)):
        if split in made:
            left_for_others = 2 if split == "test" and "validation" in made else 1
            drawn = _draw(groups, taken, share, left_for_others, f"{seed}/{split}")
            taken.update(dict.fromkeys(drawn, split))
    splits.update({member.name: taken[member.content] for member in pool if member.content in taken})
    return splits, tuple(made)


def _groups(pool: Iterable[Member]) -> list[_Group]:
    same: dict[str, list[Member]] = {}
    for member in sorted(pool, key=lambda member: member.name):
        same.setdefault(member.content, []).append(member)
    return [
        _Group(content, copies[0].label, copies[0].stratum, len(copies)) for content, copies in same.items()
    ]


def _require_enough(groups: Iterable[_Group], classes: tuple[str, ...], fewest: int) -> None:
    different = [0] * len(classes)
    for group in groups:
        different[group.label] += 1
    short = [f"{name} ({count})" for name, count in zip(classes, different, strict=True) if count < fewest]
    if short:
        raise DataError(
            f"too few different training images of: {', '.join(short)}; every class needs at least {fewest}, "
            "one for each split that it is divided into. Add images, or remove the class"
        )


def _draw(
    groups: Iterable[_Group], taken: Collection[str], share: float, left_for_others: int, salt: str
) -> list[str]:
    """Contents to take: ``share`` of each class, counted before anything was taken from it."""
    drawn: list[str] = []
    by_label: dict[int, list[_Group]] = {}
    for group in groups:
        by_label.setdefault(group.label, []).append(group)
    for label in sorted(by_label):
        strata: dict[str, list[_Group]] = {}
        for group in by_label[label]:
            strata.setdefault(group.stratum, []).append(group)
        quotas = _apportion({name: sum(g.images for g in part) for name, part in strata.items()}, share)
        spare = sum(group.content not in taken for group in by_label[label]) - left_for_others
        for name in sorted(strata, key=lambda name: -quotas[name]):
            free = sorted(
                (group for group in strata[name] if group.content not in taken),
                key=lambda group: _lot(salt, group.content),
            )
            for group in free:
                if quotas[name] <= 0 or spare <= 0:
                    break
                drawn.append(group.content)
                quotas[name] -= group.images
                spare -= 1
    return drawn


def _apportion(sizes: Mapping[str, int], share: float) -> dict[str, int]:
    """Whole numbers near ``share`` of each size whose sum is nearest to that of the whole, at least 1."""
    total = max(1, round(share * sum(sizes.values())))
    quotas = {name: int(share * size) for name, size in sizes.items()}
    by_remainder = sorted(sizes, key=lambda name: (quotas[name] - share * sizes[name], name))
    for name in by_remainder[: total - sum(quotas.values())]:
        quotas[name] += 1
    return quotas


def _lot(salt: str, content: str) -> bytes:
    return hashlib.sha256(f"{salt}/{content}".encode()).digest()
