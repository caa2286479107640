"""Splits are made by class, repeatably, with copies on one side."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendnets.data import DataSet, open_data_set
from attendnets.data.split import Member, assign_splits
from attendnets.errors import DataError

from .conftest import MakeFolder


def members(sizes: dict[tuple[int, str], int], copies: int = 1) -> list[Member]:
    """``sizes`` different images for each (label, stratum), each ``copies`` times."""
    return [
        Member(f"{label}/{stratum}{number}-{copy}", label, stratum, f"{label}{stratum}{number}", None)
        for (label, stratum), size in sizes.items()
        for number in range(size)
        for copy in range(copies)
    ]


def names(data: DataSet) -> tuple[list[str], list[str], list[str]]:
    parts = (data.learning.train, data.learning.validation, data.test.open())
    train, validation, test = ([sample.name for sample in part] for part in parts)
    return train, validation, test


def test_a_quarter_is_test_and_twelve_percent_validation_of_every_class_and_stratum() -> None:
    splits, made = assign_splits(members({(0, "x"): 400, (0, "y"): 100, (1, "x"): 200}), ("a", "b"), 0)
    assert made == ("validation", "test")
    counts = Counter((name[:3], split) for name, split in splits.items())
    assert {key: counts[key] for key in sorted(counts)} == {
        ("0/x", "test"): 100, ("0/x", "train"): 252, ("0/x", "validation"): 48,
        ("0/y", "test"): 25, ("0/y", "train"): 63, ("0/y", "validation"): 12,
        ("1/x", "test"): 50, ("1/x", "train"): 126, ("1/x", "validation"): 24,
    }  # fmt: skip


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 2), st.sampled_from("xyz")), st.integers(1, 40), min_size=3, max_size=9
    ),
    st.integers(1, 3),
    st.integers(0, 100),
)
def test_every_split_has_every_class_in_proportion_and_copies_stay_together(
    sizes: dict[tuple[int, str], int], copies: int, seed: int
) -> None:
    for label in range(3):
        sizes[(label, "x")] = sizes.get((label, "x"), 0) + 3
    everything = members(sizes, copies)
    splits, _ = assign_splits(everything, ("a", "b", "c"), seed)
    assert splits.keys() == {member.name for member in everything}
    by_content: dict[str, set[str]] = {}
    for member in everything:
        by_content.setdefault(member.group, set()).add(splits[member.name])
    assert all(len(where) == 1 for where in by_content.values())
    for label in range(3):
        counts: Counter[str] = Counter(splits[m.name] for m in everything if m.label == label)
        images = sum(counts.values())
        assert counts["train"] >= 1
        # A group of copies may overshoot a share, and every class has at least one image everywhere.
        strata = sum(1 for key in sizes if key[0] == label)
        for split, share in (("test", 0.25), ("validation", 0.12)):
            assert counts[split] >= 1
            assert abs(counts[split] - share * images) <= 1 + strata * (copies - 1) + copies


def test_the_same_seed_gives_the_same_splits_and_another_seed_others(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 30, "b": 30})
    first = open_data_set(folder, seed=7)
    again = open_data_set(folder, seed=7)
    other = open_data_set(folder, seed=8)
    assert names(first) == names(again)
    assert (first.digest, first.test.digest) == (again.digest, again.test.digest)
    assert names(first) != names(other)
    assert first.digest != other.digest


def test_splits_depend_on_the_images_not_on_their_names(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 30, "b": 30})
    tests = {sample.path.read_bytes() for sample in open_data_set(folder).test.open()}
    for path in list(folder.rglob("*.png")):
        path.rename(path.with_name(f"renamed{1000 - int(path.stem)}.png"))
    assert {sample.path.read_bytes() for sample in open_data_set(folder).test.open()} == tests


def test_copies_are_on_one_side_whatever_the_seed(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 12, "b": 12})
    for number in range(6):
        shutil.copy(folder / "a" / f"{number:03d}.png", folder / "a" / f"copy{number}.png")
        shutil.copy(folder / "b" / f"{number:03d}.png", folder / "a" / f"wrong{number}.png")
    for seed in range(5):
        data = open_data_set(folder, seed=seed)
        sides = [
            {sample.path.read_bytes() for sample in part}
            for part in (data.learning.train, data.learning.validation, data.test.open())
        ]
        assert not sides[0] & sides[1] and not sides[0] & sides[2] and not sides[1] & sides[2]
        assert data.check.of_kind("split_leak") == ()


def test_given_splits_stay_and_only_the_missing_one_is_made(make_folder: MakeFolder) -> None:
    without_validation = make_folder({"train/a": 25, "train/b": 50, "test/a": 3, "test/b": 3}, "one")
    train, validation, test = names(open_data_set(without_validation))
    assert len(test) == 6 and all(name.startswith("test/") for name in test)
    assert Counter(name.split("/")[1] for name in validation) == {"a": 3, "b": 6}
    assert all(name.startswith("train/") for name in validation + train)
    assert len(train) == 66

    without_test = make_folder({"train/a": 20, "train/b": 40, "val/a": 3, "val/b": 3}, "two")
    data = open_data_set(without_test)
    train, validation, test = names(data)
    assert len(validation) == 6 and all(name.startswith("val/") for name in validation)
    assert Counter(name.split("/")[1] for name in test) == {"a": 5, "b": 10}
    assert data.check.made_splits == ("test",)


def test_too_few_images_to_divide_are_refused_by_class(make_folder: MakeFolder) -> None:
    with pytest.raises(DataError, match=r"too few different training images of: b \(2\); .* at least 3"):
        open_data_set(make_folder({"a": 9, "b": 2}))


def test_copies_do_not_count_as_different_images(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 9, "b": 2})
    shutil.copy(folder / "b" / "000.png", folder / "b" / "copy.png")
    with pytest.raises(DataError, match=r"b \(2 of 3 images\)"):
        open_data_set(folder)


def test_a_class_without_training_images_is_refused(make_folder: MakeFolder) -> None:
    folder = make_folder({"train/a": 5, "train/b": 5, "val/a": 1, "val/b": 1, "test/a": 1, "test/c": 1})
    with pytest.raises(DataError, match=r"c \(0\)"):
        open_data_set(folder)


def test_splits_without_a_training_split_are_refused(make_folder: MakeFolder) -> None:
    with pytest.raises(DataError, match="no training images; add a train split"):
        open_data_set(make_folder({"test/a": 3, "test/b": 3}))


def test_the_digest_changes_with_a_name_a_label_a_split_or_a_byte(make_folder: MakeFolder) -> None:
    folder = make_folder({f"{split}/{c}": 3 for split in ("train", "val", "test") for c in "ab"})
    digests = [open_data_set(folder).digest]
    (folder / "train/a/000.png").rename(folder / "train/a/renamed.png")
    digests.append(open_data_set(folder).digest)
    (folder / "train/a/renamed.png").rename(folder / "train/b/renamed.png")
    digests.append(open_data_set(folder).digest)
    (folder / "train/b/renamed.png").rename(folder / "val/b/renamed.png")
    digests.append(open_data_set(folder).digest)
    with (folder / "val/b/renamed.png").open("ab") as file:
        file.write(b"\0")
    digests.append(open_data_set(folder).digest)
    assert len(set(digests)) == 5
