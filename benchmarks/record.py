"""A results record, ``results/NAME.json``: figures, and everything needed to read them later."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from attendnets.atomic import write_json

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
VERSIONED = (
    "attendnets",
    "torch",
    "torchao",
    "litert-torch",
    "ai-edge-litert",
    "tflite-micro",
    "onnx",
    "onnxruntime",
    "optuna",
    "numpy",
    "pillow",
)


@dataclass(frozen=True)
class Machine:
    """Where figures were measured. ``memory_gib`` is what the system reports."""

    processor: str
    cores: int
    memory_gib: float
    system: str


@dataclass(frozen=True)
class Record:
    """What one benchmark script found out. ``commands`` repeat it; ``figures`` carry units in their names."""

    name: str
    claim: str
    commands: tuple[str, ...]
    date: str
    seed: int | None
    commit: str
    machine: Machine
    versions: dict[str, str]
    figures: dict[str, Any]


def write_record(
    name: str, claim: str, figures: Mapping[str, Any], *, commands: Sequence[str], seed: int | None
) -> Path:
    """Write ``results/NAME.json`` and return its path."""
    record = Record(
        name=name,
        claim=claim,
        commands=tuple(commands),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        seed=seed,
        commit=commit(),
        machine=machine(),
        versions={"python": platform.python_version(), **{name: version(name) for name in VERSIONED}},
        figures=dict(figures),
    )
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    write_json(path, record)
    return path


def read_record(name: str) -> Record | None:
    """The record of that name, or None where it was never measured."""
    path = RESULTS / f"{name}.json"
    return msgspec.json.decode(path.read_bytes(), type=Record) if path.exists() else None


def commit() -> str:
    """The commit that is checked out, with "+" when files that git tracks differ from it; "" without git."""
    git = ["git", "-C", str(ROOT)]
    parse = [*git, "rev-parse", "--short=12", "HEAD"]
    head = subprocess.run(parse, capture_output=True, text=True, check=False)
    if head.returncode != 0:
        return ""
    status = [*git, "status", "--porcelain", "--untracked-files=no", "--", "attendnets"]
    changed = subprocess.run(status, capture_output=True, text=True, check=True).stdout
    return head.stdout.strip() + ("+" if changed else "")


def machine() -> Machine:
    """This machine, without anything that names it."""
    processor = platform.processor() or platform.machine()
    described = Path("/proc/cpuinfo")
    if described.exists():
        names = [line for line in described.read_text().splitlines() if line.startswith("model name")]
        processor = names[0].split(":", 1)[1].strip() if names else processor
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}"
    return Machine(processor, len(os.sched_getaffinity(0)), round(memory, 1), system)
