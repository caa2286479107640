"""The documents say what is: figures come from records, named files exist."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

import attendnets
from benchmarks import demo
from benchmarks.record import RESULTS, ROOT, Record, read_record
from benchmarks.render import DOCUMENTS, TABLES, parts, render

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def record(name: str, figures: dict[str, Any]) -> Record:
    versions = {"python": "3.11.7", "torch": "2.13.0", "ai-edge-litert": "2.3.0", "onnxruntime": "1.31.1"}
    return Record(
        name,
        "",
        (f"python -m benchmarks.{name}",),
        "2026-11-21",
        0,
        "abc",
        "A processor, 2 cores",
        versions,
        figures,
    )


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.name)
def test_tables_are_what_the_records_say(page: Path) -> None:
    assert render(page.read_text()) == page.read_text(), "run: python -m benchmarks.render"


def test_every_record_is_shown_and_every_table_has_a_script() -> None:
    shown = {name for page in DOCUMENTS for name in parts(page)}
    assert shown == set(TABLES)
    assert {path.stem for path in RESULTS.glob("*.json")} <= shown
    assert all((ROOT / "benchmarks" / f"{name}.py").exists() for name in shown)


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_a_record_says_how_to_repeat_it(path: Path) -> None:
    written = read_record(path.stem)
    assert written is not None
    assert written.name == path.stem
    assert written.commands and written.date and written.versions["torch"] and written.machine


def test_a_table_changes_with_its_record() -> None:
    page = "before\n<!-- results: screening -->\nold\n<!-- end -->\nafter\n"
    figures = {"candidates_per_minute": 79_123.4, "cost_ms_median": 0.029, "help_seconds_median": 0.41}
    text = render(page, {"screening": record("screening", figures)}.get)
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text
    assert "79,123 a minute" in text and "0.029 ms" in text and "0.41 s" in text
    assert "A processor, 2 cores" in text and "`python -m benchmarks.screening`" in text
    assert render(text, {"screening": record("screening", figures)}.get) == text
    figures["help_seconds_median"] = 0.52
    assert render(text, {"screening": record("screening", figures)}.get) != text


def test_what_was_not_measured_says_so() -> None:
    page = "<!-- results: demo -->\n<!-- end -->"
    assert "Not measured yet: `python -m benchmarks.demo`" in render(page, lambda name: None)


def test_the_tree_in_the_readme_is_the_tree() -> None:
    tree = (ROOT / "README.md").read_text().split("## The house")[1].split("```")[1]
    folder = ROOT
    missing = []
    for line in tree.strip("\n").splitlines():
        named = re.split(r"\s{3,}", line.strip())[0].split()
        base = folder if line.startswith(" ") else ROOT
        missing += [name for name in named if not (base / name).exists()]
        if not line.startswith(" ") and named[0].endswith("/"):
            folder = ROOT / named[0]
    assert missing == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_room_of_the_package_is_shown(page: str) -> None:
    text = (ROOT / page).read_text()
    rooms = [path for path in (ROOT / "attendnets").iterdir() if not path.name.startswith(("_", "py.typed"))]
    assert len(rooms) > 15
    named = [f"{room.name}/" if room.is_dir() else room.name for room in rooms]
    shown = {"README.md": named, "CONTRIBUTING.md": [f"`{name.removesuffix('.py')}`" for name in named]}[page]
    assert [name for name in shown if name not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_demo_is_one_job_everywhere() -> None:
    printed = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    made = shlex.split(printed.stdout.replace("\\\n", " "))
    made = made[made.index("build") :]
    told = re.search(r"`attendnets (build elpv [^`]*)`", (ROOT / "README.md").read_text())
    assert told is not None
    assert made == shlex.split(told[1])
    assert made[1:-4] == list(demo.ARGUMENTS)


def test_the_readme_uses_names_that_exist() -> None:
    code = "".join(re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL))
    named = set(re.findall(r"\battendnets\.(\w+)", code))
    assert named
    assert named <= set(attendnets.__all__)
