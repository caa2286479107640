"""Folders and CSV files are read as their owners mean them, or refused with the place and a way out."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from attendnets.data import open_data_set, open_test_folder
from attendnets.data.folder import list_csv, list_folder
from attendnets.errors import DataError

from .conftest import MakeFolder, noise_image


def splits_of(folder: Path) -> dict[str, str | None]:
    return {record.name: record.split for record in list_folder(folder).records}


def test_class_folders_are_the_classes_in_order_of_their_names(make_folder: MakeFolder) -> None:
    listing = list_folder(make_folder({"dog": 2, "ant": 1, "cat": 1}))
    assert listing.name == "pets"
    assert listing.classes == ("ant", "cat", "dog")
    assert [(r.name, r.label, r.split) for r in listing.records] == [
        ("ant/000.png", 0, None),
        ("cat/000.png", 1, None),
        ("dog/000.png", 2, None),
        ("dog/001.png", 2, None),
    ]


def test_numbers_as_class_names_are_counted_not_spelt(make_folder: MakeFolder) -> None:
    assert list_folder(make_folder({"10": 1, "9": 1, "1": 1})).classes == ("1", "9", "10")


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [("train", "val", "test"), ("Training", "VALID", "Testing"), ("TRAIN", "Validation", "TEST")],
)
def test_split_folders_above_the_classes_are_respected(
    make_folder: MakeFolder, train: str, validation: str, test: str
) -> None:
    folder = make_folder({f"{split}/{c}": 1 for split in (train, validation, test) for c in ("a", "b")})
    assert splits_of(folder) == {
        f"{name}/{c}/000.png": split
        for name, split in ((train, "train"), (validation, "validation"), (test, "test"))
        for c in ("a", "b")
    }


def test_any_case_of_extension_counts_and_other_files_are_counted_as_ignored(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 1, "b": 1})
    noise_image(50).save(folder / "a" / "x.JPG")
    noise_image(51).save(folder / "a" / "y.TiFf")
    (folder / "a" / "notes.txt").write_text("hello")
    listing = list_folder(folder)
    assert [record.name for record in listing.records] == ["a/000.png", "a/x.JPG", "a/y.TiFf", "b/000.png"]
    assert listing.ignored_files == 1


def test_hidden_files_and_archive_leftovers_are_not_seen(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 1, "b": 1, "__MACOSX/a": 1, ".cache": 1, "a/.thumbs": 1})
    noise_image(50).save(folder / "a" / "._000.png", format="PNG")
    assert list(splits_of(folder)) == ["a/000.png", "b/000.png"]


def test_subfolders_of_a_class_belong_to_it(make_folder: MakeFolder) -> None:
    listing = list_folder(make_folder({"a/monday": 1, "a/tuesday/early": 1, "b": 1}))
    assert listing.classes == ("a", "b")
    assert len(listing.records) == 3


def test_an_empty_folder_beside_the_classes_is_no_class(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 1, "b": 1})
    (folder / "docs").mkdir()
    assert list_folder(folder).classes == ("a", "b")


def test_a_class_may_be_called_train(make_folder: MakeFolder) -> None:
    assert list_folder(make_folder({"bus": 1, "car": 1, "train": 1})).classes == ("bus", "car", "train")


def test_train_and_test_without_class_folders_are_not_taken_for_classes(make_folder: MakeFolder) -> None:
    with pytest.raises(DataError, match="lie outside class folders"):
        list_folder(make_folder({"train": 2, "test": 2}))


def test_unlabelled_test_images_are_refused_with_a_way_out(make_folder: MakeFolder) -> None:
    with pytest.raises(DataError, match="move them into test/CLASS/"):
        list_folder(make_folder({"train/a": 1, "train/b": 1, "test": 2}))


def test_two_folders_for_one_split_are_refused(make_folder: MakeFolder) -> None:
    with pytest.raises(DataError, match="both val/ and validation/ are validation folders"):
        list_folder(make_folder({"train/a": 1, "val/a": 1, "validation/a": 1}))


def test_splits_below_classes_are_refused_with_the_right_order(make_folder: MakeFolder) -> None:
    with pytest.raises(DataError, match="split folders belong above the class folders"):
        list_folder(make_folder({"a/train": 1, "a/test": 1, "b/train": 1}))


def test_folders_and_images_that_are_not_used_are_noted(make_folder: MakeFolder) -> None:
    folder = make_folder({"train/a": 1, "train/b": 1, "extra/a": 1})
    noise_image(50).save(folder / "overview.png")
    notes = " ".join(list_folder(folder).notes)
    assert "extra/ is neither train, validation nor test" in notes
    assert "1 images directly in pets/" in notes


def test_a_link_to_a_folder_above_is_refused_not_followed_for_ever(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 1, "b": 1})
    (folder / "a" / "loop").symlink_to(folder / "a")
    with pytest.raises(DataError, match="leads back"):
        list_folder(folder)


def test_nothing_to_read_is_explained(tmp_path: Path, make_folder: MakeFolder) -> None:
    (tmp_path / "void").mkdir()
    with pytest.raises(DataError, match="no images in class folders; expected FOLDER/CLASS"):
        open_data_set(tmp_path / "void")
    with pytest.raises(DataError, match="3 images but no class folders"):
        open_data_set(make_folder({"": 3}))
    with pytest.raises(DataError, match="no such folder or file"):
        open_data_set(tmp_path / "gone")
    (tmp_path / "list.txt").write_text("path,label\n")
    with pytest.raises(DataError, match="neither a folder nor a"):
        open_data_set(tmp_path / "list.txt")
    (tmp_path / "heic" / "a").mkdir(parents=True)
    (tmp_path / "heic" / "a" / "x.heic").write_bytes(b"x")
    with pytest.raises(DataError, match="1 files of other kinds; images are"):
        open_data_set(tmp_path / "heic")


def csv(tmp_path: Path, text: str) -> Path:
    for number in range(6):
        if not (tmp_path / f"{number}.png").exists():
            noise_image(number).save(tmp_path / f"{number}.png")
    table = tmp_path / "table.csv"
    table.write_text(text, encoding="utf-8")
    return table


def test_a_csv_names_paths_relative_to_itself(tmp_path: Path) -> None:
    listing = list_csv(csv(tmp_path, "path,label\n1.png,cat\n0.png,dog\n"))
    assert listing.name == "table"
    assert listing.classes == ("cat", "dog")
    assert [(r.name, r.path, r.label, r.split) for r in listing.records] == [
        ("0.png", tmp_path / "0.png", 1, None),
        ("1.png", tmp_path / "1.png", 0, None),
    ]


def test_a_csv_may_have_splits_other_columns_quotes_blank_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    text = (
        '\ufeffLabel, Path ,author,SPLIT\n"cat, grey",0.png,me,Train\n\n'
        '"cat, grey",1.png,,val\ndog,2.png,,TEST\n'
    )
    listing = list_csv(csv(tmp_path, text))
    assert listing.classes == ("cat, grey", "dog")
    assert [record.split for record in listing.records] == ["train", "validation", "test"]


def test_a_csv_may_name_absolute_paths(tmp_path: Path) -> None:
    image = tmp_path / "elsewhere" / "x.png"
    image.parent.mkdir()
    noise_image(9).save(image)
    records = list_csv(csv(tmp_path, f"path,label\n{image},a\n0.png,b\n")).records
    assert image in {record.path for record in records}


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("", "line 1", "the header must name the columns"),
        ("0.png,cat\n1.png,dog\n", "line 1", "the header must name the columns"),
        ("path;label\n0.png;cat\n", "line 1", "found path;label"),
        ("path,label\n", "table.csv", "no images under the header"),
        ("path,label\n0.png,cat\n1.png\n", "line 3", "1 columns under a header of 2"),
        ("path,label\n0.png,cat,dog\n", "line 2", "put quotes around"),
        ("path,label\n0.png,\n", "line 2", "must not be empty"),
        ("path,label\n0.png,a\n1.png,b\n0.png,b\n", "line 4", "repeats 0.png of line 2"),
        ("path,label,split\n0.png,a,dev\n", "line 2", "use one of train, training, val"),
        ("path,label,split\n0.png,a,train\n1.png,b,\n", "line 3", "no split, where other lines have one"),
    ],
)
def test_a_csv_that_cannot_be_meant_is_refused_with_the_line(
    tmp_path: Path, text: str, place: str, problem: str
) -> None:
    with pytest.raises(DataError) as caught:
        list_csv(csv(tmp_path, text))
    assert place in str(caught.value) and problem in str(caught.value)


def test_a_csv_in_another_encoding_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_bytes("path,label\nä.png,b\n".encode("latin-1"))
    with pytest.raises(DataError, match="save it as UTF-8"):
        list_csv(table)


def test_a_folder_to_measure_on_gives_its_test_split_or_everything(make_folder: MakeFolder) -> None:
    flat = make_folder({"a": 2, "c": 1}, "flat")
    split = make_folder({"train/a": 2, "test/a": 1, "test/c": 1}, "split")
    classes = ("c", "b", "a")
    assert [(s.name, s.label) for s in open_test_folder(flat, classes)] == [
        ("a/000.png", 2),
        ("a/001.png", 2),
        ("c/000.png", 0),
    ]
    assert [s.name for s in open_test_folder(split, classes)] == ["test/a/000.png", "test/c/000.png"]


def test_a_folder_to_measure_on_must_have_the_networks_classes(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 1, "fish": 1})
    with pytest.raises(DataError, match="does not know the class fish; its classes are a, b"):
        open_test_folder(folder, ("a", "b"))


def test_splits_without_a_test_split_cannot_be_measured_on(make_folder: MakeFolder) -> None:
    with pytest.raises(DataError, match="no test split"):
        open_test_folder(make_folder({"train/a": 1, "val/a": 1}), ("a",))


def test_no_file_of_the_user_is_changed(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 5, "b": 5})
    turned = Image.Exif()
    turned[274] = 6
    noise_image(99).save(folder / "a" / "turned.jpg", exif=turned)
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}
    open_data_set(folder)
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()} == before
