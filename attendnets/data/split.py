"""Making the splits that a source does not give: by class and stratum, repeatable, groups on one side."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from attendnets.data.dataset import Split
from attendnets.errors import DataError

#: Shares of the images to be divided that go to the splits that have to be made.
TEST_SHARE = 0.25
VALIDATION_SHARE = 0.12


@dataclass(frozen=True)
class Member:
    """An image as splitting sees it. ``split`` is what the source says.

    ``group`` is the same for images that must stay on one side: the hash of the bytes of one of them.
    """

    name: str
    label: int
    stratum: str
    group: str
    split: Split | None


@dataclass(frozen=True)
class _Group:
    """Images that go to one split together: how many there are of each label and stratum."""

    key: str
    parts: Counter[tuple[int, str]]

    @property
    def labels(self) -> frozenset[int]:
        return frozenset(label for label, _ in self.parts)

    @property
    def images(self) -> int:
        return self.parts.total()


def assign_splits(
    members: Sequence[Member], classes: tuple[str, ...], seed: int
) -> tuple[dict[str, Split], tuple[Split, ...]]:
    """Where every image goes, by name, and which splits were made here.

    Splits that the source gives stay as they are. Missing ones are drawn from its training images (from
    all images where it gives none): 25 % for the test, 12 % for validation, per class and within it per
    stratum, at least one image of every class. Members of one group stay together; a group larger than
    twice its share of a split is taken for it only where there is no other. Whether a group is drawn
    depends on the seed and its key, not on names or order: adding images moves few others.

    Raises :class:`DataError` where a class has too few groups to divide.
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
            _require_every_class(groups, drawn, classes, split)
            taken.update(dict.fromkeys(drawn, split))
    splits.update({member.name: taken[member.group] for member in pool if member.group in taken})
    return splits, tuple(made)


def _groups(pool: Iterable[Member]) -> list[_Group]:
    together: dict[str, Counter[tuple[int, str]]] = {}
    for member in sorted(pool, key=lambda member: member.name):
        together.setdefault(member.group, Counter())[member.label, member.stratum] += 1
    return [_Group(key, parts) for key, parts in together.items()]


def _require_enough(groups: Sequence[_Group], classes: tuple[str, ...], fewest: int) -> None:
    different = Counter(label for group in groups for label in group.labels)
    images = Counter[int]()
    for group in groups:
        for (label, _), count in group.parts.items():
            images[label] += count
    short = [label for label in range(len(classes)) if different[label] < fewest]
    if not short:
        return
    named = [
        f"{classes[label]} ({different[label]}"
        + (f" of {images[label]} images)" if images[label] > different[label] else ")")
        for label in short
    ]
    raise DataError(
        f"too few different training images of: {', '.join(named)}; every class needs at least {fewest}, "
        "one for each split that it is divided into, where copies and groups count once. Add images, give "
        "the splits yourself, or remove the class"
    )


def _require_every_class(
    groups: Iterable[_Group], drawn: Collection[str], classes: tuple[str, ...], split: Split
) -> None:
    there = {label for group in groups if group.key in drawn for label in group.labels}
    missing = [name for label, name in enumerate(classes) if label not in there]
    if missing:
        raise DataError(
            f"the groups that must stay together leave no image of {', '.join(missing)} for the {split} "
            "split; give the splits yourself, or choose another --group-by"
        )


def _draw(
    groups: Sequence[_Group], taken: Collection[str], share: float, left_for_others: int, salt: str
) -> set[str]:
    """Keys of groups to take: ``share`` of each class, counted before anything was taken from it."""
    sizes: dict[int, Counter[str]] = {}
    free: dict[int, dict[str, _Group]] = {}
    for group in groups:
        for (label, stratum), count in group.parts.items():
            sizes.setdefault(label, Counter())[stratum] += count
            if group.key not in taken:
                free.setdefault(label, {})[group.key] = group
    quotas = {label: _apportion(strata, share) for label, strata in sizes.items()}
    shares = {label: dict(strata) for label, strata in quotas.items()}
    drawn: set[str] = set()

    def may_take(group: _Group) -> bool:
        return all(group.key in free[label] and len(free[label]) > left_for_others for label in group.labels)

    def take(group: _Group) -> None:
        drawn.add(group.key)
        for (label, stratum), count in group.parts.items():
            quotas[label][stratum] -= count
            free[label].pop(group.key, None)

    # Rare classes first, as groups of several classes may leave them little.
    for label in sorted(sizes, key=lambda label: (sizes[label].total(), label)):
        for stratum in sorted(sizes[label], key=lambda name: -quotas[label][name]):
            lots = sorted(
                (group for group in free.get(label, {}).values() if (label, stratum) in group.parts),
                key=lambda group: _lot(salt, group.key),
            )
            for group in lots:
                if quotas[label][stratum] <= 0:
                    break
                if may_take(group) and _fits(group, shares):
                    take(group)
        if not any(group.key in drawn and label in group.labels for group in groups):
            whole = sorted(
                filter(may_take, free.get(label, {}).values()),
                key=lambda group: (group.images, _lot(salt, group.key)),
            )
            for group in whole[:1]:
                take(group)
    return drawn


def _fits(group: _Group, shares: Mapping[int, Mapping[str, int]]) -> bool:
    """Whether a group is no more than twice of what each class is to give."""
    labels = Counter[int]()
    for (label, _), count in group.parts.items():
        labels[label] += count
    return all(count <= 2 + 2 * sum(shares[label].values()) for label, count in labels.items())


def _apportion(sizes: Mapping[str, int], share: float) -> dict[str, int]:
    """Whole numbers near ``share`` of each size whose sum is nearest to that of the whole, at least 1."""
    total = max(1, round(share * sum(sizes.values())))
    quotas = {name: int(share * size) for name, size in sizes.items()}
    by_remainder = sorted(sizes, key=lambda name: (quotas[name] - share * sizes[name], name))
    for name in by_remainder[: total - sum(quotas.values())]:
        quotas[name] += 1
    return quotas


def _lot(salt: str, key: str) -> bytes:
    return hashlib.sha256(f"{salt}/{key}".encode()).digest()
