"""The runtimes that attendnets knows, by name. Each is imported when it is first used."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from attendnets.errors import RuntimeFailure, UsageError
from attendnets.runtimes.model_file import FileFormat, file_format
from attendnets.runtimes.session import Session


@dataclass(frozen=True)
class Runtime:
    """A way to run files of one format.

    ``opener`` is "module:function", taking ``(path, threads)``; ``package`` the distribution whose version
    is reported; ``optimized`` is false for kernels written to be read rather than to be fast.
    """

    name: str
    format: FileFormat
    opener: str
    package: str
    optimized: bool
    words: str

    @property
    def version(self) -> str:
        """Version of the installed package. Raises RuntimeFailure when it is missing."""
        try:
            return version(self.package)
        except PackageNotFoundError as error:
            raise RuntimeFailure(
                f"The runtime {self.name} needs the package {self.package}: pip install {self.package}."
            ) from error


# The first of a format is its default.
_REGISTERED = (
    Runtime(
        name="litert",
        format="tflite",
        opener="attendnets.runtimes.litert:open_optimized",
        package="ai-edge-litert",
        optimized=True,
        words="LiteRT with XNNPACK",
    ),
    Runtime(
        name="litert_reference",
        format="tflite",
        opener="attendnets.runtimes.litert:open_reference",
        package="ai-edge-litert",
        optimized=False,
        words="LiteRT, reference kernels",
    ),
    Runtime(
        name="tflite_micro",
        format="tflite",
        opener="attendnets.runtimes.tflite_micro:open_micro",
        package="tflite-micro",
        optimized=False,
        words="tflite-micro interpreter, reference kernels",
    ),
    Runtime(
        name="onnxruntime",
        format="onnx",
        opener="attendnets.runtimes.onnx_runtime:open_onnx",
        package="onnxruntime",
        optimized=True,
        words="ONNX Runtime, CPU",
    ),
)
RUNTIMES: dict[str, Runtime] = {runtime.name: runtime for runtime in _REGISTERED}


def open_session(path: Path, runtime: str | None = None, threads: int = 1) -> Session:
    """Load an exported int8 file into a runtime; without a name, into the default of the file's format.

    Raises UsageError for an unknown runtime, one that does not take this format, or ``threads`` < 1;
    RuntimeFailure for a file that is missing, damaged, no model, or not int8.
    """
    if threads < 1:
        raise UsageError(f"{threads} threads cannot run anything: give 1 or more.")
    kind = file_format(path)
    fitting = [entry for entry in _REGISTERED if entry.format == kind]
    chosen = fitting[0] if runtime is None else RUNTIMES.get(runtime)
    if chosen is None or chosen not in fitting:
        raise UsageError(
            f"The runtime {runtime!r} does not run .{kind} files such as {path}: "
            f"choose one of {', '.join(entry.name for entry in fitting)}."
        )
    module, function = chosen.opener.split(":")
    try:
        opener = getattr(import_module(module), function)
        session: Session = opener(path, threads)
    except ImportError as error:
        raise RuntimeFailure(
            f"The runtime {chosen.name} cannot be loaded ({error}): pip install {chosen.package}."
        ) from error
    return session
