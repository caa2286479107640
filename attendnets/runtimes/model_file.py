"""Reading model files: what is there, what kind it is, and clear words when it is neither."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from attendnets.errors import RuntimeFailure

FileFormat: TypeAlias = Literal["tflite", "onnx"]

_TFLITE_IDENTIFIER = b"TFL3"
_IDENTIFIER_AT = slice(4, 8)


def file_format(path: Path) -> FileFormat:
    """ "tflite" or "onnx", by suffix. Raises RuntimeFailure for any other."""
    suffix = path.suffix.lower()
    if suffix == ".tflite":
        return "tflite"
    if suffix == ".onnx":
        return "onnx"
    raise RuntimeFailure(f"{path} is no network file that attendnets runs: give a .tflite or an .onnx file.")


def read_model_file(path: Path) -> bytes:
    """The file's bytes. Raises RuntimeFailure when it is missing, unreadable, empty or of another kind."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise RuntimeFailure(f"There is no network file {path}: check the path, or export it.") from error
    except OSError as error:
        raise RuntimeFailure(f"The network file {path} cannot be read: {error}.") from error
    if not content:
        raise RuntimeFailure(f"The network file {path} is empty: export it again.")
    if file_format(path) == "tflite" and content[_IDENTIFIER_AT] != _TFLITE_IDENTIFIER:
        raise RuntimeFailure(f"{path} is no .tflite model (its identifier is not TFL3): export it again.")
    return content
