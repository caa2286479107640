"""The page of a check shows what was found, with pictures, and is harmless whatever files are called."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attendnets.data import CheckReport, Finding, check_data_set, image_root
from attendnets.report import render_check
from tests.report.chromium import Open, Reader

CONTRASTS = Path(__file__).with_name("contrasts.js").read_text(encoding="utf-8")
EVIL = "<img src=x onerror=alert(1)>.jpg"


def picture(seed: int, side: int = 40) -> Image.Image:
    """A few large squares: no two seeds look alike, and JPEG keeps them."""
    squares = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    return Image.fromarray(squares).resize((side, side), Image.Resampling.NEAREST)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set in which most kinds of findings occur."""
    root = tmp_path_factory.mktemp("data") / "pets & <b>co</b>"
    for number, split in enumerate(("train", "validation", "test")):
        for label, name in enumerate(("cat", "dog", "мышь")):
            (root / split / name).mkdir(parents=True)
            for image in range(8):
                path = root / split / name / f"{image}.jpg"
                picture(1000 * number + 100 * label + image).save(path)
    cats = root / "train" / "cat"
    shutil.copy(cats / "0.jpg", cats / "again.jpg")
    shutil.copy(cats / "1.jpg", root / "train" / "dog" / "mislabelled.jpg")
    shutil.copy(cats / "2.jpg", root / "test" / "cat" / "leaked.jpg")
    picture(3).convert("CMYK").save(cats / "inks.tif")
    picture(77).save(cats / "not jpeg.jpg", "PNG")
    (cats / EVIL).write_bytes(b"")
    (cats / "two\nlines \u202e.png").write_text("no image")
    (cats / "cut.jpg").write_bytes((cats / "4.jpg").read_bytes()[:300])
    turned = Image.Exif()
    turned[274] = 6
    picture(500).save(cats / "turned.jpg", exif=turned)
    return root


@pytest.fixture(scope="module")
def report(folder: Path) -> CheckReport:
    return check_data_set(folder)


@pytest.fixture(scope="module")
def page(folder: Path, report: CheckReport) -> str:
    return render_check(report, image_root(folder))


@pytest.fixture(scope="module")
def file(page: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "check.html"
    path.write_text(page, encoding="utf-8")
    return path


def test_every_kind_of_finding_has_a_section_that_says_what_build_does(
    page: str, report: CheckReport
) -> None:
    kinds = {finding.kind for finding in report.findings}
    assert {"split_leak", "label_conflict", "exact_duplicates", "empty_file", "not_an_image"} <= kinds
    for kind in kinds:
        section = page[page.index(f'id="{kind}"') :].split("</section>")[0]
        action = next(finding.action for finding in report.findings if finding.kind == kind)
        assert f'class="action {action}"' in section


def test_duplicates_conflicts_and_leaks_are_shown_as_pictures(page: str) -> None:
    for kind, name in {
        "split_leak": "test/cat/leaked.jpg",
        "label_conflict": "train/dog/mislabelled.jpg",
        "exact_duplicates": "train/cat/again.jpg",
        "exif_rotation": "train/cat/turned.jpg",
    }.items():
        section = page[page.index(f'id="{kind}"') :].split("</section>")[0]
        assert name in section
        assert section.count("data:image/jpeg;base64,") >= 1


def test_files_that_cannot_be_used_are_named_with_the_reason(page: str) -> None:
    text = re.sub(r"<[^>]+>", " ", page)
    assert "&lt;img src=x onerror=alert(1)&gt;.jpg" in text and "zero bytes" in text
    assert "train/cat/cut.jpg" in text


def test_names_are_text_on_one_line(page: str) -> None:
    assert "<img src=x" not in page and "<b>co</b>" not in page
    assert "two\\nlines \\u202e.png" in page and "\u202e" not in page


def test_a_report_that_refuses_says_so_with_the_way_out(folder: Path, report: CheckReport) -> None:
    refused = Finding("too_few_classes", (), "only one class", "refused", "add images of another class")
    text = render_check(
        CheckReport(**{**vars(report), "findings": (*report.findings, refused)}), image_root(folder)
    )
    assert "Cannot be built" in text and "only one class; add images of another class" in text


def test_a_clean_data_set_has_a_page_without_findings(report: CheckReport, tmp_path: Path) -> None:
    text = render_check(CheckReport(**{**vars(report), "findings": ()}), tmp_path)
    assert "Can be built" in text and 'id="findings"' not in text


def test_the_page_is_bounded_however_much_was_found(folder: Path, report: CheckReport, page: str) -> None:
    names = tuple(f"train/cat/{number % 8}.jpg" for number in range(5000))
    many = tuple(Finding("near_duplicates", names[n : n + 20], "alike", "kept") for n in range(0, 5000, 2))
    broken = tuple(Finding("truncated", (f"{n}.png",), "truncated", "excluded") for n in range(5000))
    mode = Finding("converted_mode", tuple(f"{n}.png" for n in range(50_000)), "CMYK", "converted")
    text = render_check(
        CheckReport(**{**vars(report), "findings": (*many, *broken, mode)}), image_root(folder)
    )
    assert len(text) < len(page) + 1_000_000
    assert "and 2,488 more" in text and "and 4,800 more" in text and "and 49,792 more" in text


def test_in_a_browser_it_fits_asks_for_nothing_and_complains_of_nothing(look: Open, file: Path) -> None:
    for width in (400, 1200):
        opened = look(file, Reader(width=width))
        assert opened.value("document.documentElement.scrollWidth <= innerWidth")
        assert opened.complaints() == []
        assert {a for a in opened.requests() if not a.startswith("data:image/")} == {file.as_uri()}
        assert opened.value("document.images.length") > 8
        assert opened.value("[...document.images].every(image => image.naturalWidth > 0)")


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out(look: Open, file: Path, dark: bool) -> None:
    _, _, weak = look(file, Reader(width=400, height=30_000, dark=dark)).value(CONTRASTS)
    assert weak == []
