"""One interface over the inference runtimes: open an exported file, run it, time it, describe it.

    session = open_session(Path("network.tflite"))          # LiteRT with XNNPACK
    logits = session.run(pixels)                            # uint8 (N, H, W, C) -> int8 (N, classes)

To add a runtime: one file here with a :class:`Session`, one line in :mod:`.registry`; the contract suite
(tests/test_runtimes.py) runs over every registered one.
"""

from __future__ import annotations

from attendnets.runtimes.arena import Arena, measure_arena
from attendnets.runtimes.description import FileDescription, Operator, describe_file
from attendnets.runtimes.registry import RUNTIMES, Runtime, open_session
from attendnets.runtimes.session import OperatorTime, Session
from attendnets.runtimes.tensor_info import TensorInfo

__all__ = [
    "RUNTIMES",
    "Arena",
    "FileDescription",
    "Operator",
    "OperatorTime",
    "Runtime",
    "Session",
    "TensorInfo",
    "describe_file",
    "measure_arena",
    "open_session",
]
