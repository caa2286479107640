"""The house stands as CONTRIBUTING.md draws it: floors, small files, telling names, a light door."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(
    path
    for folder in ("attendnets", "tests", "benchmarks", "examples")
    for path in (ROOT / folder).rglob("*.py")
)
NAMES_THAT_SAY_NOTHING = {
    "util",
    "utils",
    "helper",
    "helpers",
    "misc",
    "common",
    "stuff",
    "manager",
    "managers",
}
HEAVY = {
    "torch",
    "torchao",
    "torchvision",
    "timm",
    "litert_torch",
    "onnx",
    "onnxruntime",
    "optuna",
    "scipy",
    "jax",
}


def test_every_import_goes_down() -> None:
    linter = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linter.returncode == 0, linter.stdout + linter.stderr
    assert "0 broken" in linter.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400, "split it by what its parts do"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_named_for_what_it_does(path: Path) -> None:
    words = {
        word for part in path.relative_to(ROOT).with_suffix("").parts for word in part.lower().split("_")
    }
    assert not words & NAMES_THAT_SAY_NOTHING


@pytest.mark.parametrize(
    "code",
    [
        "import attendnets",
        "from attendnets.cli import main; import sys; sys.argv = ['attendnets', '--help']; main()",
    ],
    ids=["import attendnets", "attendnets --help"],
)
def test_the_door_opens_without_the_heavy_packages(code: str) -> None:
    door = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert door.returncode == 0, door.stderr[-2000:]
    imported = {
        line.rsplit("|", 1)[-1].strip().split(".")[0] for line in door.stderr.splitlines() if "|" in line
    }
    assert "attendnets" in imported
    assert not imported & HEAVY


def dependencies() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    return [Requirement(text) for texts in (project["dependencies"], *extras) for text in texts]


def test_the_lock_pins_every_dependency_to_a_version_that_is_asked_for() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    locked = {line.split("==")[0]: line.split("==")[1] for line in lines if "==" in line}
    for dependency in dependencies():
        version = locked[canonicalize_name(dependency.name)]
        assert dependency.specifier.contains(version, prereleases=True), dependency


def test_every_dependency_is_explained() -> None:
    explained = (ROOT / "docs" / "dependencies.md").read_text()
    assert [each.name for each in dependencies() if f"`{each.name}`" not in explained] == []
