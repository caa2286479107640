"""A run folder, and whoever asks for it, has the page of the check."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from attendnets.pipeline import prepare
from attendnets.run import Job
from tests.pipeline.photographs import KINDS, write_photographs


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_photographs(tmp_path_factory.mktemp("data") / "shapes", per_class=12)
    (folder / "discs" / "<i>empty.png").write_bytes(b"")
    return folder


def check(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "attendnets", "check", str(data), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])


def test_build_leaves_the_page_of_its_check_in_the_run_folder(photographs: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    prepare(Job(str(photographs), ("weights<=100KB",), trials=2, epochs=2, threads=2), run)
    page = (run / "check.html").read_text(encoding="utf-8")
    assert all(kind in page for kind in KINDS) and "discs/&lt;i&gt;empty.png" in page


def test_check_writes_the_page_where_it_is_told_to(photographs: Path, tmp_path: Path) -> None:
    page = tmp_path / "new folder" / "check.html"
    done = check(photographs, "--page", str(page), "--json")
    assert done.returncode == 0 and done.stdout.startswith("{")
    assert "discs/&lt;i&gt;empty.png" in page.read_text(encoding="utf-8")


def test_a_page_that_cannot_be_written_is_one_message(photographs: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = check(photographs, "--page", str(tmp_path / "file" / "check.html"))
    assert done.returncode in (2, 3)
    assert "check.html" in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
