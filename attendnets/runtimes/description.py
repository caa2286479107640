"""What an exported file consists of: its operators with their types, its bytes, its input and output."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from attendnets.runtimes.model_file import FileFormat, file_format
from attendnets.runtimes.tensor_info import TensorInfo


@dataclass(frozen=True)
class Operator:
    """One operator with the types of its inputs and outputs, such as "int8"; "-" for an absent input."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class FileDescription:
    """An exported file, read without running it.

    ``weights_bytes`` is the sum of all constants that the operators read: weights, biases and also the
    few bytes of axes and sizes, for all of them are stored beside each other. ``float_operators`` are
    those that compute on real numbers; in an .onnx file an operator between DequantizeLinear and
    QuantizeLinear counts as int8, for that is how such a file says int8.
    """

    path: Path
    format: FileFormat
    file_bytes: int
    weights_bytes: int
    operators: tuple[Operator, ...]
    input: TensorInfo
    output: TensorInfo
    float_operators: tuple[Operator, ...]


def describe_file(path: Path) -> FileDescription:
    """Describe a .tflite or .onnx file with one input and one output.

    Raises RuntimeFailure for a file that is missing, damaged, no model, or of several inputs or outputs.
    """
    if file_format(path) == "tflite":
        from attendnets.runtimes.tflite_file import describe_tflite

        return describe_tflite(path)
    from attendnets.runtimes.onnx_file import describe_onnx

    return describe_onnx(path)
