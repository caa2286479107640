"""Loading a .tflite model into LiteRT, quietly and with its own words when it refuses."""

from __future__ import annotations

from typing import Any

from ai_edge_litert.interpreter import Interpreter, OpResolverType

from attendnets.errors import RuntimeFailure
from attendnets.runtimes.native_output import native_output


def load_interpreter(content: bytes, source: str, threads: int, reference: bool) -> Any:
    """An interpreter with its tensors allocated, on XNNPACK or on the reference kernels.

    Raises RuntimeFailure naming ``source`` when refused.
    """
    kernels = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
    with native_output() as messages:
        try:
            interpreter = Interpreter(
                model_content=content, num_threads=threads, experimental_op_resolver_type=kernels
            )
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            said = [line for line in messages().splitlines() if line and not line.startswith("INFO:")]
            detail = " ".join(said) or f"{error}."
            raise RuntimeFailure(
                f"LiteRT refuses {source}: {detail} Export it again; if it is not from attendnets, check "
                "that its operators are LiteRT's own."
            ) from error
    return interpreter
