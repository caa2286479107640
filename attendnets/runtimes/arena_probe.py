"""Which arena a .tflite file runs in, tried from small to large, in a process of its own.

An arena that is a little too small can end tflite-micro with a segmentation fault: whoever tries sizes must
be able to lose the process.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from attendnets.errors import RuntimeFailure
from attendnets.runtimes.native_output import native_output
from attendnets.runtimes.tflite_file import read_tflite
from attendnets.runtimes.tflite_micro import ARENA_ALIGNMENT, load_interpreter


def smallest_arena(path: Path, first: int, last: int) -> int | None:
    """The first of ``range(first, last, ARENA_ALIGNMENT)`` bytes that a verified file runs in, or None.

    Raises RuntimeFailure where the process that tries cannot be started.
    """
    while first < last:
        command = [sys.executable, "-m", __name__, str(path), str(first), str(last)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = done.stdout.split()
        if done.returncode == 0:
            return int(said[-1])
        if not said:
            raise RuntimeFailure(
                f"{path}: the process that tries tflite-micro with small arenas failed: {done.stderr.strip()}"
            )
        first = int(said[-1]) + ARENA_ALIGNMENT
    return None


def _runs_in(content: bytes, source: str, arena_bytes: int) -> bool:
    try:
        interpreter = load_interpreter(content, source, arena_bytes)
        with native_output():
            interpreter.invoke()
    except (RuntimeFailure, RuntimeError):
        return False
    return True


def main(path: str, first: str, last: str) -> int:
    """Print each size before it is tried; 0 at the first that works."""
    content = read_tflite(Path(path)).content
    for arena_bytes in range(int(first), int(last), ARENA_ALIGNMENT):
        sys.stdout.write(f"{arena_bytes}\n")
        sys.stdout.flush()
        if _runs_in(content, path, arena_bytes):
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
