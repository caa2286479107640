"""How much working memory a microcontroller must give the network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from attendnets.errors import RuntimeFailure


@dataclass(frozen=True)
class Arena:
    """Bytes of working memory that the interpreter must be given to run a network.

    Weights stay in the file and are not in it. Measured on a 64-bit machine with reference kernels:
    pointers are half as long on a microcontroller, optimized kernels there may ask for scratch memory.
    """

    arena_bytes: int
    runtime: str
    version: str


def measure_arena(path: Path) -> Arena:
    """The smallest arena that tflite-micro runs this .tflite file in, confirmed by running it there.

    Raises RuntimeFailure for a file that is missing, damaged, or has an operator that it lacks.
    """
    from attendnets.runtimes.arena_probe import smallest_arena
    from attendnets.runtimes.tflite_micro import MicroSession

    session = MicroSession(path)
    arena_bytes = smallest_arena(path, session.recorded_arena_bytes(), session.enough_bytes)
    if arena_bytes is not None:
        return Arena(arena_bytes, runtime=session.runtime, version=session.version)
    raise RuntimeFailure(
        f"tflite-micro runs {path} in {session.enough_bytes} bytes but in none that it asks for."
    )
