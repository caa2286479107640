"""A prototype's file as plain values: nothing in it can make an object, and it has no way to be large.

Of YAML, scalars, lists and mappings are read. Tags other than theirs, aliases, deep nesting and large files
are refused before anything is built.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Final

import yaml

from attendnets.errors import SpecError

MOST_BYTES: Final = 64_000
DEEPEST: Final = 16
_PLAIN: Final = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "map", "seq")
)
_BARE_QUESTION_MARK: Final = re.compile(r"[-:,\[{]\s*\?\s*([,\]}#]|$)")


def file_values(path: Path) -> object:
    """What ``path`` holds, as dictionaries, lists and scalars.

    Raises SpecError naming the file, and the line where there is one.
    """
    if not path.is_file():
        raise SpecError(f"{path}: there is no such file; name the YAML or JSON file of a prototype.")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror}. Name a prototype's file.") from error
    if len(content) > MOST_BYTES:
        raise SpecError(f"{path} is larger than {MOST_BYTES // 1000} KB; that is no prototype of a network.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(f"{path} is no text in UTF-8 ({error}); save it as such.") from error
    try:
        _require_plain(text, path)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise SpecError(_syntax(error, text, path)) from error
    if node is None:
        raise SpecError(f"{path} is empty; docs/prototypes.md has an example to start from.")
    return _value(node, path)


def _require_plain(text: str, path: Path) -> None:
    """Read the file once without keeping anything: what follows can then trust its form."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise SpecError(
                f"{path}, line {line}: anchors (&name) and aliases (*name) are not read here; write the "
                "value out, or give a block a repeat."
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise SpecError(f"{path}, line {line}: more than {DEEPEST} levels deep; no network is.")


def _syntax(error: yaml.YAMLError, text: str, path: Path) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return f"{path} is not YAML: {' '.join(str(error).split())}. Correct it there."
    lines = text.splitlines()
    for number in (mark.line, mark.line - 1):
        if 0 <= number < len(lines) and _BARE_QUESTION_MARK.search(lines[number]):
            return f'{path}, line {number + 1}: a bare ? means something else in YAML; write "?", in quotes.'
    return f"{path}, line {mark.line + 1}: not YAML: {error.problem}. Correct it there."


def _value(node: yaml.Node, path: Path) -> object:
    line = node.start_mark.line + 1
    if node.tag not in _PLAIN:
        raise SpecError(
            f"{path}, line {line}: {node.tag} is not read here; write numbers, words, lists and mappings."
        )
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, path) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        values: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = _value(key_node, path)
            line = key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise SpecError(f'{path}, line {line}: {key!r} is no field\'s name; an open cell is "?".')
            if key in values:
                raise SpecError(f"{path}, line {line}: {key} stands there a second time; keep one of them.")
            values[key] = _value(value_node, path)
        return values
    try:
        value: object = yaml.SafeLoader("").construct_object(node)
    except (ValueError, KeyError) as error:
        raise SpecError(f"{path}, line {line}: {node.value!r} is no {node.tag}; correct it.") from error
    if isinstance(value, float) and not math.isfinite(value):
        raise SpecError(f"{path}, line {line}: {node.value} is no number for a network; write another.")
    return value
