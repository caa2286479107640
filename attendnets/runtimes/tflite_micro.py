"""tflite-micro: the interpreter of microcontrollers, run here to prove a file and to measure its arena."""

from __future__ import annotations

import re
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import numpy.typing as npt

from attendnets.errors import RuntimeFailure, UsageError
from attendnets.runtimes.native_output import native_output
from attendnets.runtimes.session import OperatorTime, median_milliseconds
from attendnets.runtimes.tflite_file import TfliteFile
from attendnets.runtimes.tflite_operators import operator_files
from attendnets.runtimes.tflite_session import TfliteSession

_PACKAGE = "tflite-micro"
_MARGIN_BYTES = 1 << 20  # operators and scratch memory of a network of hundreds of operators
_LARGEST_ITEM = 8
ARENA_ALIGNMENT = 16


def load_interpreter(content: bytes, source: str, arena_bytes: int) -> Any:
    """A tflite-micro interpreter. Raises RuntimeFailure naming ``source`` when it refuses the file.

    ``content`` must come from a verified file: this interpreter trusts what it reads.
    """
    from tflite_micro.python.tflite_micro import runtime

    with native_output() as messages:
        try:
            return runtime.Interpreter.from_bytes(content, arena_size=arena_bytes)
        except (ValueError, RuntimeError) as error:
            raise RuntimeFailure(
                f"tflite-micro refuses {source} with an arena of {arena_bytes} bytes: "
                f"{' '.join(messages().split()) or error}. If it names an operator, tflite-micro lacks it: "
                "design without it."
            ) from error


def _enough_arena(file: TfliteFile) -> int:
    """Bytes that are surely enough: all computed tensors side by side, and a margin."""
    computed = (t for k, t in enumerate(file.graph.tensors) if file.constant(k) is None)
    values = sum(prod(int(size) for size in t.shape) if t.shape is not None else 1 for t in computed)
    return _aligned(_LARGEST_ITEM * values + _MARGIN_BYTES)


def _aligned(size: int) -> int:
    """The next multiple of what every allocation is rounded up to."""
    return -(-size // ARENA_ALIGNMENT) * ARENA_ALIGNMENT


class MicroSession(TfliteSession):
    """The interpreter of microcontrollers with its reference kernels; one thread, slow on purpose."""

    runtime: ClassVar[str] = "tflite_micro"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.version = version(_PACKAGE)
        self.threads = 1
        self.enough_bytes = _enough_arena(self.file)
        self._interpreter = load_interpreter(self.file.content, str(path), self.enough_bytes)

    def _infer(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        self._interpreter.set_input(image, 0)
        self._interpreter.invoke()
        output: npt.NDArray[Any] = self._interpreter.get_output(0)[0]
        return output

    def operator_times(self, repeats: int = 100) -> tuple[OperatorTime, ...]:
        """Each operator alone in this interpreter."""
        times = []
        for part in operator_files(self.file.path):
            interpreter = load_interpreter(part.content, f"operator {part.name}", self.enough_bytes)
            times.append(OperatorTime(part.name, median_milliseconds(interpreter.invoke, repeats)))
        return tuple(times)

    def recorded_arena_bytes(self) -> int:
        """What the interpreter's recording allocator prints as its total, rounded up to its alignment."""
        with native_output() as messages:
            self._interpreter.invoke()
            self._interpreter.print_allocations()
        found = re.search(r"Arena allocation total (\d+) bytes", messages())
        if found is None:
            raise RuntimeFailure(
                f"tflite-micro {self.version} did not print the arena of {self.file.path}. Its output has "
                "changed: use the version that requirements.lock names."
            )
        return _aligned(int(found.group(1)))


def open_micro(path: Path, threads: int) -> MicroSession:
    """tflite-micro; it has one thread. Raises UsageError for more."""
    if threads != 1:
        raise UsageError(f"tflite-micro runs on one thread, not on {threads}: leave out the threads.")
    return MicroSession(path)
