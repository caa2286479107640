"""The AttendNets paper's table: its figures as printed, our counts beside them, no accuracy of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from importlib.util import find_spec

import pytest

from attendnets.report.attendnets_table import TABLE_1, attendnets_table, attendnets_table_text
from benchmarks.record import read_record

needs_timm = pytest.mark.skipif(find_spec("timm") is None, reason="timm is not installed")


@pytest.mark.parametrize(
    ("network", "score"),
    [
        ("MobileNet-V1", 69.71),
        ("MobileNet-V2", 75.11),
        ("AttoNet-A", 73.52),
        ("AttoNet-B", 76.92),
        ("AttendNet-A", 78.74),
        ("AttendNet-B", 82.47),
    ],
)
def test_netscore_follows_from_the_papers_figures(network: str, score: float) -> None:
    (row,) = (row for row in attendnets_table().rows if row.network == network)
    assert row.origin == "paper"
    assert row.netscore == pytest.approx(score, abs=0.005)


def test_the_papers_ratios_follow_from_its_figures() -> None:
    (row,) = (row for row in attendnets_table().rows if row.network == "AttendNet-B")
    assert row.fewer_parameters == pytest.approx(4.17, abs=0.005)
    assert row.fewer_macs == pytest.approx(2.97, abs=0.005)
    assert row.fewer_weight_bytes == pytest.approx(16.7, abs=0.05)
    assert row.weight_bytes == 782_000


@needs_timm
def test_our_counts_give_the_papers_ratios() -> None:
    table = attendnets_table()
    counted = {row.network: row for row in table.rows if row.origin != "paper"}
    assert list(counted) == [line.name for line in TABLE_1] and table.missing == ""
    assert counted["attendnet_b"].fewer_parameters == pytest.approx(4.17, abs=0.02)
    assert counted["attendnet_b"].fewer_macs == pytest.approx(2.97, abs=0.02)
    assert counted["attendnet_b"].fewer_weight_bytes == pytest.approx(16.7, abs=0.1)
    for line in (line for line in TABLE_1 if not line.name.startswith("attonet")):
        assert counted[line.name].parameters == pytest.approx(line.parameters, abs=2_100)
        assert counted[line.name].macs == pytest.approx(line.macs, abs=300_000)


@needs_timm
def test_the_record_says_what_is_counted_today() -> None:
    record = read_record("papers_table")
    assert record is not None
    counted = json.loads(json.dumps(asdict(attendnets_table())))
    assert counted == {name: record.figures[name] for name in counted}, (
        "run: python -m benchmarks.papers_table"
    )


def test_what_is_counted_has_no_accuracy() -> None:
    for row in attendnets_table().rows:
        assert (row.top1_percent is None) == (row.netscore is None) == (row.origin != "paper")


@needs_timm
def test_as_text_every_network_has_a_line_for_the_paper_and_one_for_the_count() -> None:
    lines = attendnets_table_text(attendnets_table()).splitlines()
    assert len({len(line) for line in lines[:14]}) == 1
    assert [line.split()[0] for line in lines[2:14:2]] == [line.network for line in TABLE_1]
    assert [line.split()[0] for line in lines[3:14:2]] == [line.name for line in TABLE_1]
    assert "16.7x" in lines[12] and "82.47" in lines[12]
    assert "the networks counted here are not trained" in "\n".join(lines)


def test_without_timm_its_networks_are_left_out_and_it_says_so() -> None:
    code = (
        "import sys; sys.modules['timm'] = None\n"
        "from attendnets.report.attendnets_table import attendnets_table, attendnets_table_text\n"
        "print(attendnets_table_text(attendnets_table()))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "MobileNet-V1" in printed and "mobilenetv1_100" not in printed
    assert "The MobileNets were not counted." in printed and 'pip install "attendnets[timm]"' in printed
    (line,) = (line for line in printed.splitlines() if line.startswith("attendnet_b"))
    assert "x" not in line.split("reconstruction")[1]
