"""Folders as they should not be: each is answered with the thing at fault and the way out."""

from __future__ import annotations

import os

import msgspec
import pytest

from attendnets.data import check_data_set, describe_check, open_data_set
from attendnets.errors import DataError

from .conftest import MakeFolder, noise_image


@pytest.mark.parametrize(
    ("images", "kind", "message"),
    [
        ({"a": 5}, "too_few_classes", "only one class, a; there is nothing to tell apart"),
        ({"a": 5, "b": 1}, "too_few_images", r"too few different training images of: b \(1\)"),
        (
            {f"{split}/{name}": 3 for split in ("Train_set", "test-data", "dev") for name in "ab"},
            "splits_as_classes",
            "Train_set/, dev/, test-data/ look like splits, as each holds a, b; .*; rename them train",
        ),
    ],
)
def test_what_cannot_be_trained_on_is_checked_to_the_end_and_then_refused(
    images: dict[str, int], kind: str, message: str, make_folder: MakeFolder
) -> None:
    folder = make_folder(images)
    first = next(iter(images))
    (folder / first / "empty.jpg").write_bytes(b"")
    report = check_data_set(folder)
    assert [finding.kind for finding in report.findings if finding.action == "refused"] == [kind]
    assert report.of_kind("empty_file")[0].names == (f"{first}/empty.jpg",)
    text = describe_check(report)
    assert "empty files (1 image), left out by build" in text
    assert text.splitlines()[-1].startswith("build would refuse this: ")
    with pytest.raises(DataError, match=message):
        open_data_set(folder)


@pytest.mark.parametrize(
    "name",
    ["train_set", "TrainingData", "train-images", "tests", "test set", "dev", "val2", "holdout", "Hold-Out",
     "validation_split", "01_train", "eval"],
)  # fmt: skip
def test_a_class_that_is_called_like_a_split_is_named(name: str, make_folder: MakeFolder) -> None:
    report = check_data_set(make_folder({name: 3, "cats": 3, "dogs": 3}))
    (finding,) = report.of_kind("looks_like_split")
    assert f"{name}/ is taken for a class" in finding.detail and finding.action == "kept"


@pytest.mark.parametrize("name", ["trainers", "trains_of_thought", "devil", "valley", "testis", "contest"])
def test_a_class_whose_name_only_begins_like_a_split_is_not(name: str, make_folder: MakeFolder) -> None:
    assert check_data_set(make_folder({name: 3, "cats": 3})).of_kind("looks_like_split") == ()


def test_a_folder_beside_splits_that_looks_like_another_is_left_out_and_named(
    make_folder: MakeFolder,
) -> None:
    folder = make_folder({f"{split}/{name}": 3 for split in ("train", "holdout") for name in "ab"})
    report = check_data_set(folder)
    (finding,) = report.of_kind("looks_like_split")
    assert "holdout/ looks like a split" in finding.detail and finding.action == "excluded"
    assert report.images == 6


def test_classes_that_differ_only_in_capitals_are_two_and_named(make_folder: MakeFolder) -> None:
    report = check_data_set(make_folder({"Cat": 3, "cat": 3, "dog": 3}))
    assert report.classes == ("Cat", "cat", "dog")
    (finding,) = report.of_kind("similar_class_names")
    assert finding.detail == "the classes Cat, cat differ only in capitals or spaces"


NAMES = (
    "with spaces",
    "two\nlines",
    "tab\there",
    "<script>alert(1)</script>",
    "quote\"and'quote",
    "\x1b[31mred",
    "кошка",
    "猫",
    "قط",
    "e\u0301",
    "-rf",
    "a,b;c",
)


def test_any_name_that_is_text_is_read_and_shown_on_one_line(make_folder: MakeFolder) -> None:
    folder = make_folder({name.replace("/", "|"): 3 for name in NAMES})
    for class_folder in list(folder.iterdir()):
        for number, path in enumerate(list(class_folder.iterdir())):
            path.rename(class_folder / f"{class_folder.name}{number}.png")
        (class_folder / f"{class_folder.name} empty.png").write_bytes(b"")
    data = open_data_set(folder)
    assert data.check.images == 3 * len(NAMES)
    assert {finding.names[0].split("/")[0] for finding in data.check.of_kind("empty_file")} == set(
        data.classes
    )
    text = describe_check(data.check, longest_list=100)
    assert all(line.isprintable() for line in text.splitlines())
    assert "猫" in text and "two\\nlines" in text
    assert b"two\\nlines" in msgspec.json.encode(data.check)


def test_a_name_in_another_encoding_is_left_out_and_named(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 4, "b": 4})
    try:
        (folder / "a" / "000.png").rename(os.fsdecode(os.fsencode(folder / "a") + b"/\xe4.png"))
    except OSError:
        pytest.skip("this file system keeps to UTF-8")
    report = open_data_set(folder).check
    (finding,) = report.of_kind("unreadable")
    assert finding.names == ("a/\\xe4.png",) and "not UTF-8" in finding.detail
    assert msgspec.json.encode(report) and describe_check(report).encode()
    (folder / "b").rename(os.fsdecode(os.fsencode(folder) + b"/\xe4"))
    with pytest.raises(DataError, match="the folder's name is not UTF-8 text; rename it"):
        open_data_set(folder)


def test_what_is_no_regular_file_is_left_out_and_never_waited_for(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 4, "b": 4})
    os.mkfifo(folder / "a" / "pipe.png")
    (folder / "a" / "lost.jpg").symlink_to(folder / "nowhere.jpg")
    (folder / "b" / "device.png").symlink_to("/dev/zero")
    report = open_data_set(folder).check
    assert [finding.names for finding in report.of_kind("not_a_file")] == [("a/pipe.png",), ("b/device.png",)]
    assert [finding.names for finding in report.of_kind("missing_file")] == [("a/lost.jpg",)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_named(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 3, "b": 3})
    (folder / "b").chmod(0)
    try:
        with pytest.raises(DataError, match=r"b: cannot be listed \(Permission denied\); check"):
            open_data_set(folder)
    finally:
        (folder / "b").chmod(0o755)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_left_out(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 4, "b": 4})
    (folder / "a" / "000.png").chmod(0)
    (finding,) = open_data_set(folder).check.of_kind("unreadable")
    assert finding.names == ("a/000.png",)


def test_a_link_that_leads_to_itself_is_left_out(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 4, "b": 4})
    (folder / "a" / "round.png").symlink_to(folder / "a" / "round.png")
    (finding,) = open_data_set(folder).check.of_kind("unreadable", "missing_file", "not_a_file")
    assert finding.names == ("a/round.png",)


def test_a_text_file_called_jpg_is_left_out(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 4, "b": 4})
    (folder / "a" / "letter.jpg").write_text("Dear Sir or Madam,")
    (finding,) = open_data_set(folder).check.of_kind("not_an_image")
    assert finding.names == ("a/letter.jpg",) and finding.action == "excluded"


def test_a_folder_called_like_a_file_is_a_folder(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 4, "b": 4, "b/x.png": 2})
    noise_image(77).save(folder / "b" / "x.png" / "inside.png")
    assert check_data_set(folder).images == 11
