"""``attendnets table``: a paper's table with our counts, as text and as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def attendnets(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("attendnets")
    return subprocess.run([command, *arguments], capture_output=True, text=True, check=False)


def test_json_holds_what_the_text_shows() -> None:
    printed = attendnets("table", "attendnets", "--json")
    assert printed.returncode == 0 and printed.stderr == ""
    table = json.loads(printed.stdout)
    assert (table["classes"], table["image_size"]) == (50, 224)
    (row,) = (row for row in table["rows"] if row["network"] == "AttendNet-B")
    assert (row["parameters"], row["macs"], row["weight_bytes"]) == (782_000, 191_300_000, 782_000)
    lines = attendnets("table", "attendnets").stdout.splitlines()
    shown = [line.split()[0] for line in lines[2 : 2 + len(table["rows"])]]
    assert shown == [row["network"] for row in table["rows"]]


def test_another_table_is_refused_with_those_that_there_are() -> None:
    printed = attendnets("table", "attonets")
    assert printed.returncode == 2
    assert '"attendnets"' in printed.stdout + printed.stderr
    assert "Traceback" not in printed.stdout + printed.stderr
