"""The network as C++ source for a firmware: the file's bytes, its sizes and its list of operators."""

from __future__ import annotations

from collections.abc import Sequence

from attendnets.errors import ExportError
from attendnets.runtimes import Arena, TensorInfo

HEADER = "network_model.h"
SOURCE = "network_model.cc"
_BYTES_A_LINE = 16
_ROUND_TO = 1024
# Where MicroMutableOpResolver's method is not the operator's name in capitals per word.
_METHOD_WORDS = {"2D": "2D", "PADV2": "PadV2", "CUMSUM": "CumSum"}


def arena_with_headroom(arena: Arena) -> int:
    """Bytes to give on a board at first: a quarter above the measured ones, in whole KiB.

    Optimized kernels (CMSIS-NN) take scratch memory that the reference kernels do without.
    """
    return -(-arena.arena_bytes * 5 // (4 * _ROUND_TO)) * _ROUND_TO


def resolver_methods(operators: Sequence[str]) -> tuple[str, ...]:
    """The methods of MicroMutableOpResolver that register these operators, each once, sorted."""
    return tuple(
        "Add" + "".join(_METHOD_WORDS.get(word, word.capitalize()) for word in name.split("_"))
        for name in sorted(set(operators))
    )


def header_text(
    *,
    model_bytes: int,
    arena: Arena,
    input_info: TensorInfo,
    output_info: TensorInfo,
    operators: Sequence[str],
) -> str:
    """``network_model.h``: constants and a function that registers the operators; C++11 and later."""
    _, height, width, channels = input_info.shape
    methods = resolver_methods(operators)
    registrations = " &&\n         ".join(f"resolver.{method}() == 0" for method in methods)
    return f"""// Written by attendnets. The network of network.tflite, for tflite-micro.
//
//   alignas(16) static uint8_t arena[kNetworkArenaBytes];
//   static tflite::MicroMutableOpResolver<kNetworkOperators> resolver;
//   AddNetworkOperators(resolver);
//   static tflite::MicroInterpreter interpreter(
//       tflite::GetModel(network_model), resolver, arena, sizeof(arena));
#ifndef NETWORK_MODEL_H_
#define NETWORK_MODEL_H_

// The bytes of network.tflite, aligned to 16.
extern const unsigned char network_model[];
constexpr unsigned int kNetworkModelLength = {model_bytes};

// The smallest arena that {arena.runtime} {arena.version} ran in, on a 64-bit machine
// with reference kernels; and a quarter more in whole KiB, for the scratch memory of optimized
// kernels. Read interpreter.arena_used_bytes() on the board, then set it.
constexpr unsigned int kNetworkMeasuredArenaBytes = {arena.arena_bytes};
constexpr unsigned int kNetworkArenaBytes = {arena_with_headroom(arena)};

// Input: int8, rows of pixels from the top, channels last. real = scale * (int8 - zero point).
constexpr int kNetworkHeight = {height};
constexpr int kNetworkWidth = {width};
constexpr int kNetworkChannels = {channels};
constexpr float kNetworkInputScale = {_float(input_info.scale)};
constexpr int kNetworkInputZeroPoint = {input_info.zero_point};

// Output: one int8 a class, in the order of network_labels; the largest is the answer.
constexpr int kNetworkClasses = {output_info.shape[-1]};
constexpr float kNetworkOutputScale = {_float(output_info.scale)};
constexpr int kNetworkOutputZeroPoint = {output_info.zero_point};
extern const char* const network_labels[kNetworkClasses];

// What the network is made of; returns false when the resolver is too small.
constexpr unsigned int kNetworkOperators = {len(methods)};
template <typename Resolver>
bool AddNetworkOperators(Resolver& resolver) {{
  return {registrations};
}}

#endif  // NETWORK_MODEL_H_
"""


def source_text(content: bytes, classes: Sequence[str]) -> str:
    """``network_model.cc``: the bytes of the .tflite file and the labels."""
    lines = (content[start : start + _BYTES_A_LINE] for start in range(0, len(content), _BYTES_A_LINE))
    rows = "\n".join("    " + ", ".join(f"0x{byte:02x}" for byte in line) + "," for line in lines)
    labels = "\n".join(f"    {_quoted(name)}," for name in classes)
    return f"""// Written by attendnets. See {HEADER}.
#include "{HEADER}"

alignas(16) const unsigned char network_model[] = {{
{rows}
}};
static_assert(sizeof(network_model) == kNetworkModelLength, "{HEADER} belongs to another network");

const char* const network_labels[kNetworkClasses] = {{
{labels}
}};
"""


def _float(value: float) -> str:
    text = repr(value)
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def _quoted(name: str) -> str:
    if any(ord(character) < ord(" ") for character in name):
        raise ExportError(f"The class name {name!r} has control characters: rename the class.")
    # A question mark may begin a trigraph.
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
    return f'"{escaped}"'
