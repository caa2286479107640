"""``attendnets table``: a paper's table with our counts, as text and as JSON."""

from __future__ import annotations

import json

import pytest
from cyclopts import CycloptsError

from attendnets.cli import app


def table(*words: str) -> object:
    return app(["table", *words], result_action="return_value", exit_on_error=False, print_error=False)


def test_json_holds_what_the_text_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert table("attendnets", "--json") == 0
    counted = json.loads(capsys.readouterr().out)
    assert (counted["classes"], counted["image_size"]) == (50, 224)
    (row,) = (row for row in counted["rows"] if row["network"] == "AttendNet-B")
    assert (row["parameters"], row["macs"], row["weight_bytes"]) == (782_000, 191_300_000, 782_000)
    assert table("attendnets") == 0
    lines = capsys.readouterr().out.splitlines()
    shown = [line.split()[0] for line in lines[2 : 2 + len(counted["rows"])]]
    assert shown == [row["network"] for row in counted["rows"]]


def test_another_table_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(CycloptsError, match=r'Choose from: "attendnets"'):
        table("attonets")
