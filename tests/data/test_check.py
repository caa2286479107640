"""The check tells what is in the files, leaves out what cannot be read, and says so."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from attendnets.cli import app
from attendnets.data import CheckReport, describe_check, open_data_set
from attendnets.errors import DataError
from attendnets.exploration.space import DesignSpace

from .conftest import MakeFolder, noise_image


def test_counts_modes_and_sizes(make_folder: MakeFolder) -> None:
    folder = make_folder({"train/a": 4, "train/b": 3, "val/a": 1, "val/b": 1, "test/a": 2, "test/b": 1})
    noise_image(50, side=20).resize((30, 20)).convert("CMYK").save(folder / "train" / "a" / "x.tif")
    report = open_data_set(folder).check
    assert report.images == 13
    assert report.classes == ("a", "b")
    assert report.counts == {
        "train": {"a": 5, "b": 3},
        "validation": {"a": 1, "b": 1},
        "test": {"a": 2, "b": 1},
    }
    assert report.made_splits == ()
    assert report.modes == {"RGB": 12, "CMYK": 1}
    assert report.sizes == {"12x12": 12, "30x20": 1}
    assert report.distinct_sizes == 2


def test_sizes_are_those_of_the_upright_picture(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 3, "b": 3})
    turned = Image.Exif()
    turned[274] = 6
    noise_image(9).resize((40, 10)).save(folder / "a" / "turned.jpg", exif=turned)
    assert open_data_set(folder).check.sizes == {"12x12": 6, "10x40": 1}


def test_data_of_grey_images_alone_has_one_channel_however_it_is_stored(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 3, "b": 3}, colour=False)
    grey = noise_image(90, colour=False, side=700)
    grey.convert("RGB").save(folder / "a" / "rgb.png")
    grey.convert("RGB").save(folder / "a" / "rgb.jpg")
    grey.convert("P").save(folder / "a" / "palette.gif")
    grey.convert("RGBA").save(folder / "b" / "rgba.png")
    grey.convert("1").save(folder / "b" / "bits.png")
    Image.fromarray(np.asarray(grey).astype(np.uint16) * 257).save(folder / "b" / "wide.png")
    data = open_data_set(folder)
    assert data.channels == data.learning.channels == data.check.channels == 1
    assert data.check.grey_images == 12


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_one_image_with_a_spot_of_colour_makes_three_channels(make_folder: MakeFolder, suffix: str) -> None:
    folder = make_folder({"a": 3, "b": 3}, colour=False)
    spotted = np.full((1500, 1500, 3), 90, np.uint8)
    spotted[701:709, 701:709] = (255, 0, 0)
    Image.fromarray(spotted).save(folder / "a" / f"spot.{suffix}")
    report = open_data_set(folder).check
    assert (report.channels, report.grey_images) == (3, 6)


def test_unreadable_images_are_left_out_and_listed_with_the_reason(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 8, "b": 8})
    whole = (folder / "a" / "007.png").read_bytes()
    (folder / "a" / "005.png").write_bytes(b"")
    (folder / "a" / "006.png").write_text("I am no image")
    (folder / "a" / "007.png").write_bytes(whole[: len(whole) // 2])
    noise_image(70, side=2000).save(folder / "b" / "large.jpg")
    photo = (folder / "b" / "large.jpg").read_bytes()
    (folder / "b" / "large.jpg").write_bytes(photo[: int(len(photo) * 0.9)])
    data = open_data_set(folder)
    left_out = [finding for finding in data.check.findings if finding.action == "excluded"]
    reasons = {name: finding.detail for finding in left_out for name in finding.names}
    assert sorted(reasons) == ["a/005.png", "a/006.png", "a/007.png", "b/large.jpg"]
    assert "zero bytes" in reasons["a/005.png"]
    assert "not an image" in reasons["a/006.png"]
    assert "truncated" in reasons["a/007.png"]
    assert "truncated" in reasons["b/large.jpg"]
    names = {s.name for s in (*data.learning.train, *data.learning.validation, *data.test.open())}
    assert len(names) == data.check.images == 13
    assert not names & set(reasons)


def test_files_that_a_csv_names_but_that_are_not_there_are_unreadable(tmp_path: Path) -> None:
    for number in range(6):
        noise_image(number).save(tmp_path / f"{number}.png")
    rows = "".join(f"{number}.png,{'ab'[number % 2]}\n" for number in range(7))
    (tmp_path / "table.csv").write_text("path,label\n" + rows)
    report = open_data_set(tmp_path / "table.csv").check
    (missing,) = report.of_kind("missing_file")
    assert missing.names == ("6.png",) and "no such file" in missing.detail


def test_checking_warns_of_nothing(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 4, "b": 4})
    palette = noise_image(90).convert("P")
    palette.save(folder / "a" / "clear.png", transparency=bytes([0] * 3 + [255] * 253))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_data_set(folder)


def test_files_with_the_same_bytes_are_reported(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 6, "b": 6})
    shutil.copy(folder / "a" / "000.png", folder / "a" / "copy.png")
    shutil.copy(folder / "a" / "001.png", folder / "b" / "other.png")
    report = open_data_set(folder).check
    assert [copies.names for copies in report.of_kind("exact_duplicates")] == [
        ("a/000.png", "a/copy.png"),
        ("a/001.png", "b/other.png"),
    ]
    (conflict,) = report.of_kind("label_conflict")
    assert conflict.names == ("a/001.png", "b/other.png")
    assert "the same bytes under a, b" in conflict.detail
    assert report.of_kind("split_leak") == ()


def test_the_same_bytes_in_two_given_splits_are_a_leak_and_stay_where_they_were(
    make_folder: MakeFolder,
) -> None:
    folder = make_folder({"train/a": 6, "train/b": 6, "test/a": 2, "test/b": 2})
    shutil.copy(folder / "train" / "a" / "000.png", folder / "test" / "a" / "leak.png")
    data = open_data_set(folder, seed=3)
    (leak,) = data.check.of_kind("split_leak")
    assert leak.names == ("test/a/leak.png", "train/a/000.png")
    assert "the same bytes in test, " in leak.detail and leak.action == "kept"
    assert {s.name for s in data.test.open()} == {
        f"test/{name}" for name in ("a/000.png", "a/001.png", "a/leak.png", "b/000.png", "b/001.png")
    }


def test_one_class_is_nothing_to_learn(make_folder: MakeFolder) -> None:
    with pytest.raises(DataError, match="only one class, a; there is nothing to tell apart"):
        open_data_set(make_folder({"a": 5}))


def test_a_class_whose_images_are_all_broken_is_refused(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 4, "b": 4, "c": 1})
    (folder / "c" / "000.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"no image of class c can be read \(c/000\.png: .*zero bytes"):
        open_data_set(folder)


def test_a_class_that_a_given_split_lacks_is_noted(make_folder: MakeFolder) -> None:
    folder = make_folder({"train/a": 2, "train/b": 2, "val/a": 1, "test/a": 1, "test/b": 1})
    (missing,) = open_data_set(folder).check.of_kind("missing_class")
    assert missing.detail == "the validation split has no image of b"


def test_the_report_is_json_both_ways(make_folder: MakeFolder) -> None:
    report = open_data_set(make_folder({"a": 4, "b": 4})).check
    encoded = msgspec.json.encode(report)
    assert msgspec.json.decode(encoded, type=CheckReport) == report
    assert json.loads(encoded)["made_splits"] == ["validation", "test"]


def test_the_report_reads_as_text(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 6, "all": 40})
    shutil.copy(folder / "a" / "000.png", folder / "all" / "copy.png")
    for number in range(20, 35):
        (folder / "all" / f"{number:03d}.png").write_bytes(b"")
    (folder / "a" / "notes.txt").write_text("x")
    text = describe_check(open_data_set(folder).check)
    assert text.splitlines()[0] == "pets: 32 images, 2 classes, 3 channels (0 grey)"
    assert "splits: made here, by class: validation, test" in text
    assert "empty files (15 images), left out by build:\n  all/020.png: the file is empty" in text
    assert "  and 5 more" in text
    assert "under different classes (2 images), kept by build:\n  a/000.png, all/copy.png: the same" in text
    assert "files that are no images, or in no class folder: 1" in text


def test_progress_reaches_the_number_of_files(make_folder: MakeFolder) -> None:
    seen: list[tuple[int, int]] = []
    open_data_set(make_folder({"a": 40, "b": 30}), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(64, 70), (70, 70)]


def kinds(folder: Path) -> dict[str, tuple[str, ...]]:
    """The files of each kind of finding; of kinds that name none, their details."""
    return {
        finding.kind: finding.names or (finding.detail,)
        for finding in open_data_set(folder).check.findings
        if finding.kind != "tiny_class"
    }


def test_files_that_are_not_what_their_names_say_are_read_as_what_they_are(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 4, "b": 4})
    noise_image(50).save(folder / "a" / "photo.jpg", format="PNG")
    noise_image(51).save(folder / "a" / "scan.tif", format="TIFF")
    assert kinds(folder) == {"wrong_extension": ("a/photo.jpg",)}
    (finding,) = open_data_set(folder).check.of_kind("wrong_extension")
    assert (finding.detail, finding.action) == ("named .jpg, but holds PNG: read as what it is", "kept")


def test_what_is_converted_is_told_by_mode(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 4, "b": 4})
    picture = noise_image(60)
    for mode, suffix in (("1", "png"), ("P", "gif"), ("LA", "png"), ("RGBA", "png"), ("CMYK", "tif")):
        picture.convert(mode).save(folder / "a" / f"{mode}.{suffix}")
    Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257).save(folder / "b" / "wide.png")
    found = open_data_set(folder).check.of_kind("converted_mode")
    assert {finding.detail.split(":")[0]: finding.names for finding in found} == {
        "1": ("a/1.png",),
        "P": ("a/P.gif",),
        "LA": ("a/LA.png",),
        "RGBA": ("a/RGBA.png",),
        "CMYK": ("a/CMYK.tif",),
        "I;16": ("b/wide.png",),
    }
    assert {finding.action for finding in found} == {"converted"}


def test_turned_and_moving_pictures_are_named(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 4, "b": 4})
    turned, upright = Image.Exif(), Image.Exif()
    turned[274], upright[274] = 6, 1
    noise_image(9).save(folder / "a" / "turned.jpg", exif=turned)
    noise_image(10).save(folder / "a" / "upright.jpg", exif=upright)
    for suffix in ("gif", "tif", "png", "webp"):
        frames = [noise_image(20 + number) for number in range(3)]
        frames[0].save(folder / "b" / f"film.{suffix}", save_all=True, append_images=frames[1:])
        frames[1].save(folder / "b" / f"still.{suffix}")
    found = kinds(folder)
    assert found["exif_rotation"] == ("a/turned.jpg",)
    assert found["multi_frame"] == ("b/film.gif", "b/film.png", "b/film.tif", "b/film.webp")


def test_sizes_that_suit_no_network_are_named(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 0, "b": 0})
    for number in range(10):
        noise_image(number, side=100).save(folder / "ab"[number % 2] / f"{number}.png")
    noise_image(20, side=30).save(folder / "a" / "small.png")
    noise_image(21, side=100).resize((300, 100)).save(folder / "a" / "long.png")
    noise_image(22, side=900).save(folder / "b" / "large.png")
    assert kinds(folder) == {
        "small_image": ("a/small.png",),
        "stretched": ("a/long.png",),
        "size_spread": ("shorter sides from 30 to 900 pixels: all are scaled to one size",),
    }


@pytest.mark.parametrize("side", [12, 31, 32, 40, 41, 60, 300])
def test_images_are_called_small_below_the_least_input_of_the_design_space(
    side: int, make_folder: MakeFolder
) -> None:
    folder = make_folder({"a": 0, "b": 0})
    for number in range(8):
        noise_image(number, side=side).save(folder / "ab"[number % 2] / f"{number}.png")
    least = min(DesignSpace.for_data({f"{side}x{side}": 8}, 3, 2).sizes)
    noise_image(20, side=least).save(folder / "a" / "least.png")
    noise_image(21, side=least - 1).save(folder / "a" / "less.png")
    assert "a/less.png" in kinds(folder)["small_image"]
    assert "a/least.png" not in kinds(folder)["small_image"]


def test_uneven_and_tiny_classes_are_named(make_folder: MakeFolder) -> None:
    report = open_data_set(make_folder({"many": 67, "few": 6, "some": 25})).check
    (uneven,) = report.of_kind("class_imbalance")
    assert uneven.detail == "class many has 67 images, class few 6"
    (tiny,) = report.of_kind("tiny_class")
    assert tiny.detail.startswith("class few has 6 usable images")


def test_every_finding_says_what_build_does(make_folder: MakeFolder) -> None:
    folder = make_folder({"a": 6, "b": 6})
    (folder / "a" / "empty.png").write_bytes(b"")
    noise_image(70).convert("P").save(folder / "a" / "palette.png")
    shutil.copy(folder / "a" / "000.png", folder / "a" / "copy.png")
    report = open_data_set(folder).check
    assert {finding.kind: finding.action for finding in report.findings} == {
        "empty_file": "excluded",
        "exact_duplicates": "kept",
        "tiny_class": "kept",
        "converted_mode": "converted",
    }
    assert (report.files("excluded"), report.files("converted"), report.files("refused")) == (1, 1, 0)


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_command_tells_everything_and_exits_with_2_where_build_would_refuse(
    form: list[str], make_folder: MakeFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    sound, alone = make_folder({"a": 4, "b": 4}), make_folder({"a": 4}, "alone")
    for folder, code in ((sound, 0), (alone, 2)):
        (folder / "a" / "empty.png").write_bytes(b"")
        assert app(["check", str(folder), *form], result_action="return_value") == code
        printed = capsys.readouterr().out
        assert "a/empty.png" in printed
        if form:
            report = msgspec.json.decode(printed, type=CheckReport)
            assert bool(report.refusals) == (code == 2)
        else:
            assert ("build would refuse this: only one class, a" in printed) == (code == 2)
