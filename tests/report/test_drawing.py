"""Networks are drawn from the operations that they are costed by, whatever blocks they are made of."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ElementTree

import pytest

from attendnets.blocks import trace_block
from attendnets.graph import Graph, Shape
from attendnets.report.drawing import draw_panels, panels
from attendnets.report.layout import arrange
from tests.contract.test_block_contract import CASES, Case
from tests.report.records import network

every_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def traced(case: Case) -> Graph:
    graph = Graph(Shape(case.in_channels, 16, 16))
    trace_block(case.spec, graph, 0)
    return graph


@every_case
def test_every_operation_has_a_place_of_its_own(case: Case) -> None:
    graph = traced(case)
    layout = arrange(graph.operations)
    assert {node.operation.output for node in layout.nodes} == {o.output for o in graph.operations}
    assert len({(node.column, node.lane) for node in layout.nodes}) == len(layout.nodes)


@every_case
def test_the_flow_goes_to_the_right(case: Case) -> None:
    layout = arrange(traced(case).operations)
    columns = {0: 0.0} | {node.operation.output: node.column for node in layout.nodes}
    for node in layout.nodes:
        assert all(columns[tensor] < node.column for tensor in node.operation.inputs)


@every_case
def test_branches_beside_each_other_have_lanes_of_their_own(case: Case) -> None:
    branches = arrange(traced(case).operations).branches
    for first in branches:
        others = [b for b in branches if b is not first and b.lane == first.lane]
        assert all(b.end <= first.start or first.end <= b.start for b in others)


def test_a_visual_condenser_shows_the_papers_four_numbers() -> None:
    condenser = draw_panels(network())[1]
    assert re.findall(r'class="number">(\d+)<', condenser)[:4] == ["12", "8", "12", "24"]


def test_panels_follow_each_other_without_a_gap() -> None:
    rows = [row for panel in panels(network()) for row in panel.rows]
    assert [row.name for row in rows] == [
        "stem", "stages.0.0", "stages.0.1", "stages.1.0", "stages.1.1", "stages.2.0", "head",
    ]  # fmt: skip
    assert all(first.out_shape == second.in_shape for first, second in itertools.pairwise(rows))
    assert rows[-1].out_shape.channels == 2


def test_nothing_is_drawn_outside_the_panel() -> None:
    for drawn in draw_panels(network(width=64)):
        width = float(re.findall(r'viewBox="0 0 ([\d.]+)', drawn)[0])
        marks = [float(x) for x in re.findall(r'<(?:rect|circle|text)[^>]* c?x="([-\d.]+)"', drawn)]
        assert min(marks) >= 0 and max(marks) <= width


def test_every_drawing_is_well_formed_xml() -> None:
    for drawn in draw_panels(network()):
        assert ElementTree.fromstring(drawn).tag == "svg"
