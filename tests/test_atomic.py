from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pytest

from attendnets import atomic


def test_bytes_and_text_arrive_as_they_are(tmp_path: Path) -> None:
    atomic.write_bytes(tmp_path / "a.bin", b"\x00\r\n\xff")
    atomic.write_text(tmp_path / "a.txt", "Größe\r\n")
    assert (tmp_path / "a.bin").read_bytes() == b"\x00\r\n\xff"
    assert (tmp_path / "a.txt").read_bytes() == "Größe\r\n".encode()


def test_missing_folders_are_made_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "run" / "train" / "record.json"
    atomic.write_text(path, "1")
    atomic.write_text(path, "2")
    assert path.read_text() == "2"
    assert list(path.parent.iterdir()) == [path]


def test_json_takes_dataclasses_structs_paths_and_numpy_scalars(tmp_path: Path) -> None:
    class Inner(msgspec.Struct):
        files: tuple[Path, ...]

    @dataclass(frozen=True)
    class Record:
        loss: float
        top1_percent: np.float32
        images: np.int64
        inner: Inner

    path = tmp_path / "record.json"
    atomic.write_json(path, Record(float("nan"), np.float32(0.5), np.int64(3), Inner((Path("a") / "b.png",))))
    text = path.read_text()
    assert json.loads(text) == {
        "loss": None,
        "top1_percent": 0.5,
        "images": 3,
        "inner": {"files": ["a/b.png"]},
    }
    assert text.startswith('{\n  "loss"') and text.endswith("}\n")


def test_what_has_no_json_form_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    atomic.write_json(path, {"old": True})
    with pytest.raises(TypeError, match="no JSON form"):
        atomic.write_json(path, {"new": object()})
    assert json.loads(path.read_text()) == {"old": True}


def test_a_writer_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), atomic.replacing(path) as temporary:
        temporary.write_bytes(b"half of the n")
        raise RuntimeError
    assert [entry.read_bytes() for entry in tmp_path.iterdir()] == [b"old"]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    path.write_bytes(b"old")
    script = (
        "import os, sys; from pathlib import Path; from attendnets import atomic\n"
        "with atomic.replacing(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_bytes(b'half of the n'); os._exit(9)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert killed.returncode == 9
    assert path.read_bytes() == b"old"


def test_a_temporary_file_keeps_the_suffix_and_the_folder(tmp_path: Path) -> None:
    with atomic.replacing(tmp_path / "network.tflite") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".tflite"
        temporary.write_bytes(b"x")


def test_files_get_the_permissions_that_ordinary_writing_gives(tmp_path: Path) -> None:
    (tmp_path / "ordinary").write_bytes(b"")
    atomic.write_bytes(tmp_path / "atomic", b"")
    assert (tmp_path / "ordinary").stat().st_mode == (tmp_path / "atomic").stat().st_mode
