"""A results record, ``results/NAME.json``: figures, and everything needed to read them later."""

from __future__ import annotations

import datetime
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from attendnets.atomic import write_json
from attendnets.run import installed_versions, machine

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"


@dataclass(frozen=True)
class Record:
    """What one benchmark script found out. ``commands`` repeat it; ``figures`` carry units in their names."""

    name: str
    claim: str
    commands: tuple[str, ...]
    date: str
    seed: int | None
    commit: str
    machine: str
    versions: dict[str, str]
    figures: dict[str, Any]


def write_record(
    name: str,
    claim: str,
    figures: Mapping[str, Any],
    *,
    commands: Sequence[str],
    seed: int | None,
    measured: Path = ROOT,
) -> Path:
    """Write ``results/NAME.json`` and return its path. ``measured``: the checkout whose code ran."""
    record = Record(
        name=name,
        claim=claim,
        commands=tuple(commands),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        seed=seed,
        commit=commit(measured),
        machine=machine(),
        versions=installed_versions(),
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


def commit(checkout: Path) -> str:
    """The commit that is checked out, with "+" when files that git tracks differ from it; "" without git."""
    git = ["git", "-C", str(checkout)]
    parse = [*git, "rev-parse", "--short=12", "HEAD"]
    head = subprocess.run(parse, capture_output=True, text=True, check=False)
    if head.returncode != 0:
        return ""
    status = [*git, "status", "--porcelain", "--untracked-files=no", "--", "attendnets"]
    changed = subprocess.run(status, capture_output=True, text=True, check=True).stdout
    return head.stdout.strip() + ("+" if changed else "")
