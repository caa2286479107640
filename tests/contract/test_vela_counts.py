"""Arm's compiler for the Ethos-U counts, on the exported int8 file, the MACs that the specification says."""

from __future__ import annotations

import csv
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from attendnets.cost import cost
from tests.exported_network import ExportedNetwork

# Layers with weights. The compiler also counts poolings, averages (as depthwise convolutions of its own) and
# rectifiers that stay alone after a convolution it has split into groups.
WEIGHTED = {"Conv2D", "DepthwiseConv2D", "FullyConnected"}


def compiled_rows(tflite: Path, folder: Path) -> list[dict[str, str]]:
    """A row for each operator of the compiled file."""
    compiler = [sys.executable, "-m", "ethosu.vela", "--output-dir", str(folder), "--verbose-performance"]
    ran = subprocess.run(
        [*compiler, "--accelerator-config", "ethos-u55-128", str(tflite)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    with (folder / f"{tflite.stem}_per-layer.csv").open(newline="") as table:
        return list(csv.DictReader(table))


def weighted_macs(rows: list[dict[str, str]]) -> int:
    """Multiply-adds of the layers with weights."""
    weighted = [row for row in rows if {row["Original Operator"], row["NNG Operator"]} <= WEIGHTED]
    return sum(int(row["MAC Count"]) for row in weighted)


@pytest.mark.skipif(find_spec("ethosu") is None, reason="ethos-u-vela is not installed")
def test_the_compiler_finds_our_macs_in_the_file(exported: ExportedNetwork, tmp_path: Path) -> None:
    rows = compiled_rows(exported.tflite, tmp_path)
    assert weighted_macs(rows) == cost(exported.spec).macs
    assert {row["Target"] for row in rows} == {"NPU"}, "an operator falls back to the processor"
