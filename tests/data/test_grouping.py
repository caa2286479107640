"""Images that belong together by their names or by a column stay on one side of every split that is made."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from attendnets.data import DataSet, check_data_set, open_data_set
from attendnets.data.split import Member, assign_splits
from attendnets.errors import DataError, UsageError

from .conftest import MakeFolder, noise_image


def sides(data: DataSet) -> dict[str, str]:
    parts = {"train": data.learning.train, "validation": data.learning.validation, "test": data.test.open()}
    return {sample.name: split for split, part in parts.items() for sample in part}


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    """Ten patients with four pictures each, of two kinds."""
    lines = ["path,label,Patient"]
    for kind in ("sick", "well"):
        (tmp_path / kind).mkdir()
    for number in range(80):
        patient, kind = number // 4, ("sick", "well")[number // 2 % 2]
        name = f"{kind}/p{patient:02d}_{number % 4}.png"
        noise_image(number).save(tmp_path / name)
        lines.append(f"{name},{kind},{patient}")
    (tmp_path / "table.csv").write_text("\n".join(lines))
    return tmp_path


@pytest.mark.parametrize("group_by", [r"p\d+", r"/(p\d+)_", r"(p\d+)"])
def test_a_pattern_keeps_groups_on_one_side(patients: Path, group_by: str) -> None:
    data = open_data_set(patients, seed=2, group_by=group_by)
    where = defaultdict(set)
    for name, side in sides(data).items():
        where[name.split("/")[1][:3]].add(side)
    assert len(where) == 20 and all(len(found) == 1 for found in where.values())
    counts = Counter((name.split("/")[0], side) for name, side in sides(data).items())
    assert {split: counts["sick", split] for split in ("train", "validation", "test")} == {
        "train": 24, "validation": 6, "test": 10,
    }  # fmt: skip
    assert data.check.of_kind("ungrouped") == ()


def test_a_column_does_the_same(patients: Path) -> None:
    by_name = open_data_set(patients / "table.csv", group_by="p[0-9]+")
    by_column = open_data_set(patients / "table.csv", group_by="column:patient")
    assert sides(by_name) == sides(by_column) != sides(open_data_set(patients / "table.csv"))


def test_names_without_a_group_stand_alone_and_are_named(patients: Path) -> None:
    noise_image(500).save(patients / "sick" / "unknown.png")
    (alone,) = check_data_set(patients, group_by=r"p\d+").of_kind("ungrouped")
    assert alone.names == ("sick/unknown.png",)
    assert alone.detail.startswith("1 of 81 names have no group")


def test_groups_that_given_splits_divide_are_named(make_folder: MakeFolder) -> None:
    folder = make_folder({f"{split}/{name}": 4 for split in ("train", "test") for name in "ab"})
    report = check_data_set(folder, group_by=r"/(\d+)\.png")
    assert len(report.of_kind("group_leak")) == 4
    assert "the group 000 lies in test, " in report.of_kind("group_leak")[0].detail
    assert report.refusals == ()


@pytest.mark.parametrize(
    ("group_by", "message"),
    [
        ("(p", r"'\(p': not a regular expression \(missing \).* at position 0\)"),
        ("x[0-9]", "matches no name"),
        ("column:", "name the column"),
        ("column:nurse", "has no such column.*; its columns are path, label, patient"),
    ],
)
def test_a_grouping_that_cannot_be_meant_is_refused(patients: Path, group_by: str, message: str) -> None:
    with pytest.raises(UsageError, match=f"--group-by .*{message}"):
        open_data_set(patients / "table.csv", group_by=group_by)


def test_only_a_csv_has_columns(patients: Path) -> None:
    with pytest.raises(UsageError, match=r"only a CSV file has columns"):
        open_data_set(patients, group_by="column:patient")


def test_groups_too_large_to_divide_a_class_are_refused_with_the_class(patients: Path) -> None:
    with pytest.raises(
        DataError, match=r"sick \(1 of 40 images\), well \(1 of 40 images\); .* give the splits"
    ):
        open_data_set(patients, group_by="sick|well")


def member(label: int, number: int, group: str) -> Member:
    return Member(f"{label}-{group}-{number}", label, "", group, None)


def test_a_class_that_shares_all_its_groups_is_in_every_split() -> None:
    members = [member(0, number, f"g{number % 12}") for number in range(120)]
    members += [member(1, number, f"g{number}") for number in range(3)]
    for seed in range(20):
        splits, _ = assign_splits(members, ("common", "rare"), seed)
        assert {splits[m.name] for m in members if m.label == 1} == {"train", "validation", "test"}
        assert len({(m.group, splits[m.name]) for m in members}) == 12


def test_a_group_that_is_most_of_a_class_is_for_training() -> None:
    members = [member(0, number, "large") for number in range(90)]
    members += [member(0, number, f"g{number}") for number in range(10)]
    members += [member(1, number, f"h{number}") for number in range(100)]
    for seed in range(20):
        splits, _ = assign_splits(members, ("a", "b"), seed)
        assert splits["0-large-0"] == "train"
        assert set(splits.values()) == {"train", "validation", "test"}
