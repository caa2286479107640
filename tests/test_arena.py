"""Arena and file size are known before a file exists, close to what the exported file then needs."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from attendnets.arena import arena_bytes, file_bytes, planned_bytes
from attendnets.exploration.space import DesignSpace
from attendnets.graph import Graph, Shape
from attendnets.networks.assemble import trace_network
from attendnets.runtimes import measure_arena
from benchmarks.arena import compare, draw_networks
from tests.exported_network import ExportedNetwork

pytestmark = pytest.mark.usefixtures("one_thread")


def small_space(channels: int) -> DesignSpace:
    return DesignSpace(channels, classes=5, sizes=(48, 64))


@pytest.mark.parametrize(("seed", "channels"), [(0, 1), (1, 3), (2, 1), (3, 3)])
def test_random_networks_need_what_was_predicted(tmp_path: Path, seed: int, channels: int) -> None:
    drawn = draw_networks(small_space(channels), random.Random(seed), weights_bytes=60_000, macs=20_000_000)
    network = compare(next(drawn), tmp_path / "network.tflite")
    assert network.predicted_arena_bytes == pytest.approx(network.arena_bytes, rel=0.06)
    assert network.predicted_file_bytes == pytest.approx(network.file_bytes, rel=0.12)


def test_a_network_of_chosen_blocks_needs_what_was_predicted(exported: ExportedNetwork) -> None:
    graph = trace_network(exported.spec)
    assert arena_bytes(graph) == pytest.approx(measure_arena(exported.tflite).arena_bytes, rel=0.06)
    assert file_bytes(graph) == pytest.approx(exported.tflite.stat().st_size, rel=0.12)


def test_a_tensor_takes_the_place_of_one_that_is_dead() -> None:
    graph = Graph(Shape(1, 4, 4))
    wide = graph.convolution(0, 4, 1, name="wide")
    graph.pool(wide, name="pool")
    # 64 bytes at 0, alive throughout; before it died the input's 16 lay where the pool's 16 come: 64 to 80.
    assert planned_bytes(graph) == 80


def test_tensors_begin_at_multiples_of_sixteen() -> None:
    graph = Graph(Shape(1, 3, 3))
    graph.convolution(0, 3, 1, name="wide")
    # 27 bytes take 32, 9 take 16.
    assert planned_bytes(graph) == 48


def test_what_waits_for_an_addition_keeps_its_place() -> None:
    graph = Graph(Shape(4, 4, 4))
    wide = graph.convolution(0, 8, 1, name="wide")
    narrow = graph.convolution(wide, 4, 1, name="narrow")
    graph.add(0, narrow, name="add")
    # wide 0 to 128; the sum 0 to 64, once wide is dead; narrow 128 to 192; the input, alive with all, last.
    assert planned_bytes(graph) == 256


def test_a_small_tensor_goes_into_the_first_gap() -> None:
    graph = Graph(Shape(4, 4, 4))
    wide = graph.convolution(0, 8, 1, name="wide")
    narrow = graph.convolution(wide, 4, 1, name="narrow")
    graph.mean(narrow, name="mean")
    graph.add(0, narrow, name="add")
    # As above; the mean's 16 bytes lie at 0, which wide has left and the sum has not yet taken.
    assert planned_bytes(graph) == 256


@pytest.mark.parametrize(("kernel", "stride", "expected"), [(3, 2, 176), (1, 2, 128), (3, 1, 320)])
def test_a_strided_convolution_reads_a_padded_copy(kernel: int, stride: int, expected: int) -> None:
    graph = Graph(Shape(1, 8, 8))
    graph.convolution(0, 4, kernel, name="convolution", stride=stride)
    # Padded copy 10 x 10 in 112 bytes, beside it first the input's 64, then the output's 64. Without a copy:
    # input and output, 64 + 64 or 64 + 256.
    assert planned_bytes(graph) == expected


@pytest.mark.parametrize("seed", range(20))
def test_no_plan_is_smaller_than_what_lives_at_once(seed: int) -> None:
    space = small_space(1)
    graph = trace_network(space.network(space.draw(random.Random(seed))))
    assert planned_bytes(graph) >= max(graph.live_bytes())
    assert arena_bytes(graph) > planned_bytes(graph)
    assert file_bytes(graph) > sum(operation.weights for operation in graph.operations)
