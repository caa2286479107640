"""CSV files as they should not be; what a line may be wrong in is told in test_folder.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from attendnets.data import check_data_set, open_data_set
from attendnets.errors import DataError

from .conftest import noise_image

LINES = ["path,label"] + [f"{number}.png,{'äö'[number % 2]}" for number in range(8)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A CSV file of eight images, in UTF-8."""
    for number in range(8):
        noise_image(number).save(tmp_path / f"{number}.png")
    path = tmp_path / "table.csv"
    path.write_text("\n".join(LINES), encoding="utf-8")
    return path


def test_a_byte_order_mark_and_windows_line_ends_are_read(table: Path) -> None:
    table.write_bytes("\r\n".join(LINES).encode("utf-8-sig"))
    assert open_data_set(table).classes == ("ä", "ö")


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("utf-16", r"this is UTF-16 .*; save it as UTF-8"),
        ("utf-16-le", r"this is UTF-16 .*; save it as UTF-8"),
        (
            "latin-1",
            r"line 2: not UTF-8 text \(byte 0xe4\), probably Latin-1 or Windows-1252; save it as UTF-8",
        ),
        ("cp437", r"line 2: not UTF-8 text \(byte 0x84\)"),
    ],
)
def test_another_encoding_is_named(table: Path, encoding: str, message: str) -> None:
    table.write_bytes("\n".join(LINES).encode(encoding))
    with pytest.raises(DataError, match=message):
        open_data_set(table)


def test_missing_files_are_left_out_by_name(table: Path) -> None:
    for number in (2, 3):
        (table.parent / f"{number}.png").unlink()
    report = open_data_set(table).check
    assert [finding.names for finding in report.of_kind("missing_file")] == [("2.png",), ("3.png",)]
    assert all(finding.action == "excluded" for finding in report.of_kind("missing_file"))
    assert report.images == 6


def test_files_that_are_all_missing_are_refused(table: Path) -> None:
    for number in range(8):
        (table.parent / f"{number}.png").unlink()
    report = check_data_set(table)
    assert len(report.of_kind("missing_file")) == 8 and report.images == 0
    with pytest.raises(DataError, match=r"no image of class ä can be read \(0\.png: no such file"):
        open_data_set(table)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path\n0.png\n", "line 1: the header must name the columns"),
        ("path,label,label\n0.png,a,b\n", "line 1: the header must name the columns"),
        ("path,label\n0.png,a\n1.png,b\n0.png,a\n", "line 4: repeats 0.png of line 2"),
        ('path,label\n0.png,"a\n1.png,b\n', "1 columns|not a line of CSV|2 columns|only one class"),
        ("path,label\n0.png,a\n1\0.png,b\n", "line 3: a path with a zero byte"),
        ("", "line 1: the header must name the columns"),
    ],
)
def test_tables_that_cannot_be_meant_are_refused(table: Path, text: str, message: str) -> None:
    table.write_text(text)
    with pytest.raises(DataError, match=message):
        open_data_set(table)


def test_two_names_of_one_file_are_copies(table: Path) -> None:
    table.write_text("\n".join([*LINES, "./0.png,ö"]), encoding="utf-8")
    report = open_data_set(table).check
    assert report.of_kind("label_conflict")[0].names == ("./0.png", "0.png")


def test_a_path_to_a_folder_is_left_out(table: Path) -> None:
    (table.parent / "folder.png").mkdir()
    table.write_text("\n".join([*LINES, "folder.png,ö"]), encoding="utf-8")
    assert open_data_set(table).check.of_kind("not_a_file")[0].names == ("folder.png",)


def test_a_name_longer_than_any_file_system_takes_is_left_out(table: Path) -> None:
    table.write_text("\n".join([*LINES, f"{'x' * 5000}.png,ö"]), encoding="utf-8")
    assert open_data_set(table).check.files("excluded") == 1
