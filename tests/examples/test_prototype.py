"""The example of a prototype is read, filled, and shown in the documentation as it is."""

from __future__ import annotations

import re
from pathlib import Path

import attendnets
from attendnets.exploration.open_space import OpenSpace
from attendnets.exploration.prototypes import prototypes
from attendnets.exploration.screening import Screen
from attendnets.requirements import Requirements
from attendnets.spec import ConvolutionSpec, PepeSpec

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "prototype.yaml"
PAGE = ROOT / "docs" / "prototypes.md"


def test_it_can_be_filled_within_what_its_page_requires() -> None:
    space = OpenSpace.for_data(attendnets.Prototype.read(EXAMPLE), {"300x300": 10}, 3, 10)
    points = prototypes(space, Screen(Requirements.parse(["weights<=100KB"])))
    assert len(points) >= 4
    for point in points:
        network = space.network(point)
        assert network.stages[0].blocks == (ConvolutionSpec(width=16),)
        assert isinstance(network.stages[2].blocks[1], ConvolutionSpec | PepeSpec)


def test_its_page_shows_it_as_it_is() -> None:
    shown = re.search(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert shown is not None and shown[1] == EXAMPLE.read_text()


def test_the_code_on_its_page_makes_a_prototype() -> None:
    code = re.search(r"```python\n(.*?)job = ", PAGE.read_text(), re.DOTALL)
    assert code is not None
    names: dict[str, object] = {}
    exec(code[1], names)
    prototype = names["prototype"]
    assert isinstance(prototype, attendnets.Prototype)
    assert {cell.decision for cell in prototype.layout.open_cells()} == {
        "stages.0.blocks.0.width",
        "stages.1.blocks.0.width",
        "stages.1.blocks.0.projection",
    }
