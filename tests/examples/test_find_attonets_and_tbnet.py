"""The search finds the package's AttoNets and TB-Net again, from the totals and the structure alone."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from attendnets.networks.attonet import A, AttoNet, B, C, D
from attendnets.networks.tbnet import NUMBERS

EXAMPLE = Path(__file__).parents[2] / "examples" / "find_attonets_and_tbnet.py"


@pytest.fixture(scope="module")
def search() -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLE), run_name="find_attonets_and_tbnet")


@pytest.mark.parametrize(("letter", "numbers"), [("a", A), ("b", B), ("c", C), ("d", D)])
def test_it_finds_an_attonet_again(search: dict[str, Any], letter: str, numbers: AttoNet) -> None:
    assert search["find_attonet"](letter) == numbers


def test_it_finds_tbnet_again(search: dict[str, Any]) -> None:
    assert search["find_tbnet"]() == NUMBERS
