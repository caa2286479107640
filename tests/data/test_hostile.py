"""Files made to break their reader: each is named and classed, nothing hangs, memory stays below 1 GiB."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from benchmarks.fuzz import MEMORY_LIMIT_BYTES, fuzz_figures
from benchmarks.hostile_images import HostileFile, write_hostile_images


def contents(folder: Path, files: tuple[HostileFile, ...]) -> dict[str, str]:
    paths = {file.name: folder / file.name for file in files if file.family != "special"}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items()}


def test_hostile_files_are_named_and_classed_by_the_command_and_by_the_decoder(tmp_path: Path) -> None:
    figures = fuzz_figures(tmp_path / "data", count=130, seed=1)
    assert figures["check_survived"] and figures["decoder_survived"], figures.get("errors")
    assert figures["unexpected"] == []
    assert figures["disagreements"] == []
    assert figures["unaccounted"] == 0
    assert sum(figures["outcomes"].values()) == figures["files"] == 130
    assert max(figures["check_peak_bytes"], figures["decoder_peak_bytes"]) <= MEMORY_LIMIT_BYTES


def test_the_same_seed_makes_the_same_files(tmp_path: Path) -> None:
    made = {}
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        files = write_hostile_images(tmp_path / name, 60, seed)
        made[name] = contents(tmp_path / name, files)
    assert made["one"] == made["same"] != made["other"]


@pytest.mark.parametrize("count", [40, 600])
def test_as_many_files_are_made_as_were_asked_for(tmp_path: Path, count: int) -> None:
    files = write_hostile_images(tmp_path, count, seed=0)
    assert len(files) == len({file.name for file in files}) == count
