"""The example runs as a user runs it and prints a network's price."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "count_a_network.py"


def test_it_prints_every_block_and_the_total(capsys: pytest.CaptureFixture[str]) -> None:
    names = runpy.run_path(str(EXAMPLE), run_name="__main__")
    printed = capsys.readouterr().out
    for row in names["price"].rows:
        assert row.name in printed
        assert f"{row.parameters:,}" in printed
    assert f"{names['price'].macs:,}" in printed.splitlines()[-1]
