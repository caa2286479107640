"""Decisions of a design space and their values, in words."""

from __future__ import annotations

import re

_NAMES = {
    "size": "image size",
    "stem_width": "stem: width",
    "stages": "number of stages",
    "entry_stride": "stride of the first stage",
    "downsample": "downsampling",
    "features": "features before the head",
}
_OF_STAGE = re.compile(r"(kind|width|depth|shortcut)(\d+)")
_OF_BLOCK = re.compile(r"(ratio|embedding|kernel|groups|gate)(\d+)_(\d+)")


def decision_words(name: str) -> str:
    """ "stage 3: width" of ``width2``, "stage 3, block 1: ratio" of ``ratio2_0``; other names as they are."""
    if of_stage := _OF_STAGE.fullmatch(name):
        return f"stage {int(of_stage[2]) + 1}: {of_stage[1]}"
    if of_block := _OF_BLOCK.fullmatch(name):
        return f"stage {int(of_block[2]) + 1}, block {int(of_block[3]) + 1}: {of_block[1]}"
    return _NAMES.get(name, name)


def value_words(value: float | str) -> str:
    """ "visual condenser", "0.5", "64", "yes"."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.replace("_", " ") if isinstance(value, str) else f"{value:g}"
