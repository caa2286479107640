"""The state of a training at the end of an epoch, in one safetensors file.

Tensors are named ``network/NAME``, ``average/NAME``, ``best/NAME`` (state dictionaries) and
``optimizer/NAME``. All else is JSON in the file's metadata, so that one rename makes the whole checkpoint
appear at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from attendnets.atomic import write_bytes
from attendnets.errors import TrainingError
from attendnets.training.record import EpochRecord, Rollback

VERSION = 2


@dataclass(frozen=True)
class State:
    """What a checkpoint holds beside tensors. ``job`` tells one training from another."""

    version: int
    job: str
    planned_epochs: int
    steps_done: int
    best_epoch: int
    epochs: tuple[EpochRecord, ...]
    rollbacks: tuple[Rollback, ...]


def write(path: Path, state: State, parts: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Write ``parts`` (part to name to tensor) atomically; the folder is made where missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # safetensors takes neither shared storage nor channels-last strides.
    own = {
        f"{part}/{name}": value.detach().clone(memory_format=torch.contiguous_format)
        for part, tensors in parts.items()
        for name, value in tensors.items()
    }
    write_bytes(path, save(own, {"state": msgspec.json.encode(state).decode()}))


def read(path: Path) -> tuple[State, dict[str, dict[str, Tensor]]]:
    """State and parts. Raises TrainingError naming the file where it is no checkpoint of this version."""
    try:
        with safe_open(path, framework="pt") as file:
            state = msgspec.json.decode((file.metadata() or {}).get("state", ""), type=State)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
    except (OSError, SafetensorError, msgspec.DecodeError) as error:
        raise TrainingError(
            f"{path} is not a checkpoint of attendnets: {error}. Delete it to start again."
        ) from error
    if state.version != VERSION:
        raise TrainingError(
            f"{path} is a checkpoint of version {state.version}, this is version {VERSION}. "
            "Delete it to start again."
        )
    parts: dict[str, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        part, _, name = key.partition("/")
        parts.setdefault(part, {})[name] = value
    return state, parts
