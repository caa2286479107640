"""The search finds the package's AttendNets again, from the totals and the structure alone."""

from __future__ import annotations

import runpy
from pathlib import Path

from attendnets.networks.attendnet import A, B

EXAMPLE = Path(__file__).parents[2] / "examples" / "find_attendnets.py"


def test_it_finds_the_same_channel_numbers_again() -> None:
    names = runpy.run_path(str(EXAMPLE), run_name="find_attendnets")
    assert names["best"](stems=(A.stem,)) == (A, B)
