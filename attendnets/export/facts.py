"""The facts of a bundle that programs read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from attendnets.errors import ExportError
from attendnets.runtimes import Arena, TensorInfo

#: Written last: a folder that has it is a whole bundle.
FACTS = "model.json"
#: Prose, written again when the network has been measured, and therefore under no digest.
CARD = "README.md"


@dataclass(frozen=True)
class ModelFacts:
    """``model.json``: what a program needs to know of the bundle.

    ``network`` is the digest of the specification; ``operators``: of the .tflite file, with how often each
    occurs; ``suggested_arena_bytes`` has headroom for a board; ``sha256`` of every other file of the bundle
    but the model card.
    """

    network: str
    data_name: str
    notes: tuple[str, ...]
    classes: tuple[str, ...]
    input: TensorInfo
    output: TensorInfo
    operators: dict[str, int]
    weights_bytes: int
    file_bytes: dict[str, int]
    arena: Arena
    suggested_arena_bytes: int
    sha256: dict[str, str]


def read_facts(folder: Path) -> ModelFacts:
    """``model.json`` of a bundle. Raises ExportError when it is missing or malformed."""
    path = folder / FACTS
    try:
        return msgspec.json.decode(path.read_bytes(), type=ModelFacts)
    except FileNotFoundError as error:
        raise ExportError(f"{path} is missing: this is no whole bundle; export again.") from error
    except msgspec.DecodeError as error:
        raise ExportError(f"{path} cannot be read ({error}): export again.") from error
