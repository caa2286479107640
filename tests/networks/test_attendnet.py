"""AttendNet-A and -B: the paper's totals within the rounding of its table, and its structure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from attendnets.cost import cost
from attendnets.networks.attendnet import DEPTHS, A, B, Channels
from attendnets.networks.catalogue import ENTRIES, network_spec
from attendnets.spec import PepeSpec, VisualCondenserSpec

both = pytest.mark.parametrize("name", ["attendnet_a", "attendnet_b"])


@pytest.mark.parametrize(
    ("name", "parameters", "macs"),
    [("attendnet_a", 1_386_000, 276_800_000), ("attendnet_b", 782_000, 191_300_000)],
)
def test_totals_are_those_of_table_1(name: str, parameters: int, macs: int) -> None:
    counted = cost(network_spec(name, classes=50, channels=3, image_size=224))
    assert abs(counted.parameters - parameters) <= 2_000
    assert abs(counted.macs - macs) <= 300_000


def test_totals_to_the_digit() -> None:
    counted = {name: cost(network_spec(name)) for name in ("attendnet_a", "attendnet_b")}
    assert {name: (price.parameters, price.macs) for name, price in counted.items()} == {
        "attendnet_a": (1_386_959, 276_596_928),
        "attendnet_b": (780_431, 191_499_824),
    }


@both
def test_condensers_come_early_and_pepes_late(name: str) -> None:
    spec = network_spec(name)
    assert spec.stem.kernel == 7
    assert tuple(len(stage.blocks) for stage in spec.stages) == DEPTHS == (3, 4, 6, 3)
    kinds = [type(block) for block in spec.blocks]
    assert kinds == [VisualCondenserSpec] * 13 + [PepeSpec] * 3
    assert all(block.shortcut for block in spec.blocks)
    assert [row.out_shape.height for row in cost(spec).rows[:-1]] == [56] * 4 + [28] * 4 + [14] * 6 + [7] * 3


@both
def test_depthwise_layers_widen(name: str) -> None:
    pepes = [block for block in network_spec(name).blocks if isinstance(block, PepeSpec)]
    assert all(pepe.multiplier > 1 for pepe in pepes)


def test_channel_numbers_are_multiples_of_8_and_b_lies_within_a() -> None:
    a, b = list(numbers(A)), list(numbers(B))
    assert all(number % 8 == 0 for number in (*a, *b))
    assert all(inner <= outer for inner, outer in zip(b, a, strict=True))


def numbers(channels: Channels) -> Iterator[int]:
    yield channels.stem
    yield from (*channels.widths, *channels.mixing, *channels.embedding)
    yield from (channels.projection, channels.second_projection)


@both
def test_they_are_said_to_be_reconstructions(name: str) -> None:
    assert ENTRIES[name].origin == "reconstruction"
