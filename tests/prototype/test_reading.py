"""A prototype's file may hold anything: it is read as plain values, or refused with its name and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from attendnets.errors import SpecError
from attendnets.prototype.reading import MOST_BYTES, file_values


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "mine.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_yaml_and_json_are_plain_values(tmp_path: Path) -> None:
    values = {"stem": {"width": "?"}, "stages": [{"a": 1.5, "b": True, "c": None, "d": "8..64 step 8"}]}
    yaml = 'stem: {width: "?"}\nstages:\n  - {a: 1.5, b: true, c: null, d: 8..64 step 8}\n'
    json = '{"stem":{"width":"?"},"stages":[{"a":1.5,"b":true,"c":null,"d":"8..64 step 8"}]}'
    assert file_values(written(tmp_path, yaml)) == values
    assert file_values(written(tmp_path, json)) == values


LAUGHS = "a: &a [lol, lol]\n" + "".join(
    f"{name}: &{name} [*{before}, *{before}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "mine.yaml is empty"),
        ("# nothing\n", "mine.yaml is empty"),
        ("stem:\n  width: 16\n width: 8\n", "mine.yaml, line 3: not YAML"),
        ("stem: {width: 16\n", "mine.yaml, line 2: not YAML"),
        ("stem:\n\twidth: 16\n", "mine.yaml, line 2: not YAML"),
        ("stem:\n  width: ?\n", 'mine.yaml, line 2: a bare \\? means .* write "\\?"'),
        ("a: 1\nstem: {width: ?}\n", "mine.yaml, line 2: a bare \\?"),
        ("stages:\n  - ?\n", 'mine.yaml, line 2: None is no field\'s name; an open cell is "\\?"'),
        ("stem: 1\nstem: 2\n", "mine.yaml, line 2: stem stands there a second time"),
        ("stem: !!python/object/apply:os.getcwd []\n", "mine.yaml, line 1: .*os.getcwd is not read here"),
        ("stem: !!python/name:os.system ''\n", "mine.yaml, line 1: .*os.system is not read here"),
        ("when: 2026-11-21\n", "mine.yaml, line 1: .*timestamp is not read here"),
        ("stem: !!int sixteen\n", "mine.yaml, line 1: 'sixteen' is no"),
        ("stem: .inf\n", "mine.yaml, line 1: .inf is no number"),
        ("a: &a {width: 16}\nb: *a\n", "mine.yaml, line 1: anchors"),
        ("a: &a [*a]\n", "mine.yaml, line 1: anchors"),
        (LAUGHS, "mine.yaml, line 1: anchors"),
        ("a: 1\n---\nb: 2\n", "mine.yaml, line 2: not YAML"),
        ("a: " + "[" * 5000, "mine.yaml, line 1: more than 16 levels deep"),
        ("a: 1\n" + "# and so on\n" * (MOST_BYTES // 10), "mine.yaml is larger than 64 KB"),
        (b"stem: \xff\xfe", "mine.yaml is no text in UTF-8"),
        ("stem: \x07", "mine.yaml is not YAML"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_plain_yaml_is_refused_with_file_and_line(
    text: str | bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        file_values(written(tmp_path, text))
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.yaml", tmp_path):
        with pytest.raises(SpecError, match=f"{path}: there is no such file"):
            file_values(path)
