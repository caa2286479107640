"""What splits are called, and what only looks like the name of one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attendnets.data.dataset import Split

#: What a split may be called, as a folder or in a CSV, in any case of letters.
SPLIT_NAMES: Mapping[str, Split] = {
    "train": "train", "training": "train",
    "val": "validation", "valid": "validation", "validation": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip

_STEMS: Mapping[Split, str] = {
    "train": "train(?:s|ing)?|learn(?:ing)?",
    "validation": "val(?:s|id|idation)?|dev(?:el|elopment)?",
    "test": "tests?|testing|eval(?:uation)?|(?:hold|held)[^a-z]*out",
}
_AROUND = "(?:set|data|dataset|images?|imgs?|pictures?|split|fold|part)?"
_PATTERNS: Mapping[Split, re.Pattern[str]] = {
    split: re.compile(f"[^a-z]*{_AROUND}[^a-z]*(?:{stem})[^a-z]*{_AROUND}[^a-z]*")
    for split, stem in _STEMS.items()
}


def resembled_split(name: str) -> Split | None:
    """The split that a folder's name makes one think of ("Train_set", "val2", "holdout"), or None."""
    for split, pattern in _PATTERNS.items():
        if pattern.fullmatch(name.lower()):
            return split
    return None
