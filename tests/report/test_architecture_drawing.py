"""A network is one picture: every block with its numbers, every shortcut an arc, nothing over anything."""

from __future__ import annotations

import itertools
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from attendnets.errors import SpecError
from attendnets.exploration.prototypes import prototypes
from attendnets.exploration.space import DesignSpace
from attendnets.networks.catalogue import ENTRIES, network_spec
from attendnets.report import network_svg
from attendnets.report.architecture import MOST_IN_A_LINE, bands
from attendnets.report.boxes import box, pieces
from attendnets.report.drawing import Row, panels
from attendnets.spec import (
    ConvolutionSpec,
    DoubleCondenserSpec,
    InputSpec,
    NetworkSpec,
    PepeSpec,
    StageSpec,
    StemSpec,
    VisualCondenserSpec,
)
from tests.contract.test_block_contract import CASES, Case, network_around
from tests.report.chromium import Open
from tests.report.records import network

SVG = "{http://www.w3.org/2000/svg}"
SIZES = {"top": 18.0, "heading": 13.5, "channels": 11.0, "layer": 11.0, "number": 10.5, "small": 10.5}


def condensers_then_pepes(depths: tuple[int, ...] = (3, 4, 6, 3)) -> NetworkSpec:
    """Four stages of residual modules, as deep as ResNet-50."""
    stages = []
    for number, depth in enumerate(depths):
        blocks: list[VisualCondenserSpec | PepeSpec] = []
        for position in range(depth):
            stride = 2 if number and not position else 1
            if number < 3:
                width, mixing, embedding = (88, 152, 208)[number], (32, 72, 80)[number], (16, 52, 80)[number]
                blocks.append(
                    VisualCondenserSpec(width=width, mixing=mixing, embedding=embedding, stride=stride)  # type: ignore[arg-type]
                )
            else:
                blocks.append(PepeSpec(width=616, projection=128, second_projection=224, stride=stride))  # type: ignore[arg-type]
        stages.append(StageSpec(blocks=tuple(blocks)))
    return NetworkSpec(
        input=InputSpec(height=224, width=224),
        stem=StemSpec(width=24, kernel=7, pool="max"),
        stages=tuple(stages),
        classes=50,
    )


def double_condensers(depth: int = 11) -> NetworkSpec:
    """The first block of the second stage attends; so many plain ones follow."""
    first = DoubleCondenserSpec(width=40, inner=40)
    second = DoubleCondenserSpec(width=1280, inner=640, form="bottleneck", stride=2)
    plain = DoubleCondenserSpec(width=1280, inner=640, form="bottleneck", attention=False)
    return NetworkSpec(
        input=InputSpec(height=256, width=192),
        stem=StemSpec(width=32, second_groups=4, pool="average", activation="silu"),
        stages=(StageSpec(blocks=(first,)), StageSpec(blocks=(second, *[plain] * depth))),
        classes=1000,
    )


def prototype(number: int) -> NetworkSpec:
    space = DesignSpace(channels=1, classes=2)
    return space.network(prototypes(space, lambda spec: True)[number])


NETWORKS = {
    "condensers then PEPEs": condensers_then_pepes(),
    "double condensers": double_condensers(),
    "a hundred blocks": condensers_then_pepes((8, 24, 60, 8)),
    "one block of each kind": network(),
    "a prototype of convolutions": prototype(0),
    "a prototype of condensers": prototype(3),
    **{name: network_spec(name) for name in ENTRIES},
}
every_network = pytest.mark.parametrize("spec", NETWORKS.values(), ids=NETWORKS)


class Text(NamedTuple):
    words: str
    left: float
    top: float
    right: float
    bottom: float


def texts(svg: str) -> Iterator[Text]:
    """Every text with the place that it takes in a wide font; those of the key's small signs are cut off."""

    def walk(node: ElementTree.Element, x: float, y: float) -> Iterator[Text]:
        moved = re.match(r"translate\(([-\d.]+) ([-\d.]+)\)", node.get("transform", ""))
        if moved:
            x, y = x + float(moved[1]), y + float(moved[2])
        if node.tag == f"{SVG}text":
            classes = node.get("class", "").split()
            size = next((SIZES[name] for name in classes if name in SIZES), 12.0)
            words = node.text or ""
            width = 0.6 * size * len(words)
            start = x + float(node.get("x", 0))
            if {"end", "channels"} & set(classes):
                start -= width
            elif {"middle", "name", "number", "on-arc"} & set(classes):
                start -= width / 2
            base = y + float(node.get("y", 0))
            yield Text(words, start, base - 0.75 * size, start + width, base + 0.2 * size)
        for child in node:
            if child.tag != f"{SVG}svg":
                yield from walk(child, x, y)

    return walk(ElementTree.fromstring(svg), 0.0, 0.0)


def rows(spec: NetworkSpec) -> list[Row]:
    return [row for panel in panels(spec) for row in panel.rows]


@every_network
def test_no_text_stands_on_another_or_outside(spec: NetworkSpec) -> None:
    svg = network_svg(spec, "The network")
    root = ElementTree.fromstring(svg)
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    placed = list(texts(svg))
    assert len(placed) > 20
    for text in placed:
        assert text.left >= 0 and text.top >= 0 and text.right <= width and text.bottom <= height, text
    over = [
        (a.words, b.words)
        for a, b in itertools.combinations(placed, 2)
        if a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom
    ]
    assert over == []


@every_network
def test_every_block_is_there_in_order_with_its_channel_numbers(spec: NetworkSpec) -> None:
    root = ElementTree.fromstring(network_svg(spec))
    blocks = [g for g in root.iter(f"{SVG}g") if "block" in g.get("class", "").split()]
    drawn = [
        [t.text for t in block.iter(f"{SVG}text") if t.get("class") == "channels"] for block in blocks[1:]
    ]
    for row, numbers in zip(rows(spec), drawn, strict=True):
        layers = [o for o in row.graph.operations if o.kind in ("convolution", "linear")]
        around = [o for o in layers if o.name in ("shortcut", "project")]
        assert numbers == [str(o.shape.channels) for o in layers if o not in around]


@every_network
def test_every_shortcut_is_an_arc_and_projections_say_so(spec: NetworkSpec) -> None:
    root = ElementTree.fromstring(network_svg(spec))
    arcs = [path for path in root.iter(f"{SVG}path") if path.get("class") == "arc"]
    assert len(arcs) == sum(block.shortcut for block in spec.blocks)
    layers = [operation.name for row in rows(spec) for operation in row.graph.operations]
    labels = [t.text or "" for t in root.iter(f"{SVG}text") if t.get("class") == "on-arc"]
    projections = [label for label in labels if label.startswith("1×1")]
    assert len(projections) == layers.count("shortcut") + layers.count("project")
    halving = sum(block.stride == 2 for block in spec.blocks if block.shortcut)
    assert sum(label.endswith("÷2") for label in labels) == halving


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_only_a_block_with_a_shortcut_has_an_arc(case: Case) -> None:
    drawn = box(rows(network_around(case))[1])
    attends = isinstance(case.spec, DoubleCondenserSpec) and case.spec.attention
    assert (drawn.arc is not None) == (case.spec.shortcut or attends)


def test_boxes_carry_the_papers_letters() -> None:
    lines = {each.name: each.lines for band in bands(network()) for each in band.boxes}
    assert [(line.label, line.number) for line in lines["VAC"]] == [
        ("pool ÷2", ""), ("m", "12"), ("e1", "8"), ("e2", "12"), ("u", "24"),
    ]  # fmt: skip
    assert [(line.label, line.number) for line in lines["PEPE"]] == [
        ("p1", "16"), ("e1", "32"), ("p2", "16"), ("e2", "48"),
    ]  # fmt: skip
    assert [(line.label, line.number) for line in lines["DC-AC"]] == [
        ("pool ÷2", ""), ("3×3 g4", "16"), ("3×3 g4", "48"),
    ]  # fmt: skip


def test_a_gated_way_round_ends_in_a_product() -> None:
    arcs = [box(row).arc for row in rows(double_condensers(1)) if row.is_block]
    assert [(arc.projects, arc.sign) for arc in arcs if arc] == [(True, "×"), (True, "×"), (False, "+")]


@pytest.mark.parametrize(
    ("block", "label"),
    [
        (ConvolutionSpec(width=8), ""),
        (ConvolutionSpec(width=16), "1×1"),
        (ConvolutionSpec(width=8, stride=2), "÷2"),
        (ConvolutionSpec(width=16, stride=2), "1×1 ÷2"),
        (ConvolutionSpec(width=16, stride=2, downsample="stride"), "1×1 ÷2"),
        (DoubleCondenserSpec(width=16, inner=8, form="bottleneck", stride=2), "1×1 ÷2"),
    ],
)
def test_an_arc_says_what_is_on_it(block: ConvolutionSpec | DoubleCondenserSpec, label: str) -> None:
    spec = NetworkSpec(
        input=InputSpec(height=32, width=32),
        stem=StemSpec(width=8),
        stages=(StageSpec(blocks=(block,)),),
        classes=2,
    )
    arc = box(rows(spec)[1]).arc
    assert arc is not None and arc.label == label
    svg = network_svg(spec)
    assert [text.words for text in texts(svg) if text.words == label] == [label] * bool(label)


def test_the_inside_of_each_form_of_a_block_is_shown() -> None:
    words = [text.words for text in texts(network_svg(double_condensers()))]
    shown = [each for each in words if ", in stage" in each]
    assert shown == ["DC-AC, in stage 1", "DC-AC, in stage 2", "columns, in stage 2"]


def test_a_strided_layer_says_so() -> None:
    block = ConvolutionSpec(width=16, stride=2, downsample="stride", kernel=5, groups=8)
    spec = NetworkSpec(
        input=InputSpec(height=32, width=32),
        stem=StemSpec(width=8),
        stages=(StageSpec(blocks=(block,)),),
        classes=2,
    )
    assert [line.label for line in box(rows(spec)[1]).lines] == ["5×5 dw ÷2", "5×5 g8"]


@every_network
def test_a_long_stage_goes_on_in_the_next_line(spec: NetworkSpec) -> None:
    made = bands(spec)
    assert max(len(band.boxes) for band in made) <= MOST_IN_A_LINE
    assert sum(len(band.boxes) for band in made) == len(spec.blocks) + 3
    assert [band.heading for band in made if not band.heading.endswith("continued")] == [
        "Image", "Stem", *(f"Stage {number}" for number in range(1, len(spec.stages) + 1)), "Head",
    ]  # fmt: skip


@pytest.mark.parametrize(("count", "lengths"), [(1, [1]), (10, [10]), (11, [6, 5]), (25, [8, 9, 8])])
def test_pieces_of_a_stage_are_about_equal(count: int, lengths: list[int]) -> None:
    assert [len(piece) for piece in pieces(count, 10)] == lengths


def test_a_name_is_text_whatever_is_in_it() -> None:
    evil = "<script>alert(1)</script>&\"'\x07\udcff"
    root = ElementTree.fromstring(network_svg(network(), evil))
    shown = "<script>alert(1)</script>&\"'\\x07\\udcff"
    assert root.findtext(f"{SVG}title") == shown
    assert next(texts(network_svg(network(), evil))).words == shown
    assert not list(root.iter(f"{SVG}script"))


def test_notes_stand_below_the_costs() -> None:
    svg = network_svg(network(), "Net", ("One <note>", "Another"))
    assert [text.words for text in texts(svg)][2:5] == ["One <note>", "Another", "Image"]
    assert ". One <note>. Another. Image: " in (ElementTree.fromstring(svg).findtext(f"{SVG}desc") or "")


def test_a_long_name_is_cut() -> None:
    widths = [
        float(ElementTree.fromstring(network_svg(network(), "n" * n)).get("width", 0)) for n in (90, 9000)
    ]
    assert widths[0] == widths[1]


def test_the_same_network_gives_the_same_picture() -> None:
    assert network_svg(network(), "a") == network_svg(network(), "a")


def test_the_picture_tells_those_who_cannot_see_it() -> None:
    root = ElementTree.fromstring(network_svg(condensers_then_pepes(), "Net"))
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    told = root.findtext(f"{SVG}desc") or ""
    assert "1,386,743 parameters, 276,989,776 MACs" in told
    assert told.count("VAC (") == 13 and told.count("PEPE (") == 3
    assert "VAC (m 32 e1 16 e2 32 u 88, round it the 1×1 convolution (+))" in told


def test_the_picture_needs_nothing_from_elsewhere() -> None:
    svg = network_svg(condensers_then_pepes())
    assert not re.search(r"url\(|@import|@font-face|href", svg)
    assert "prefers-color-scheme: dark" in svg and 'class="ground"' in svg


def test_no_network_no_picture() -> None:
    with pytest.raises(SpecError, match=r"stages\.0\.0"):
        network_svg(
            NetworkSpec(
                input=InputSpec(height=32, width=32),
                stem=StemSpec(width=6),
                stages=(StageSpec(blocks=(VisualCondenserSpec(width=8, mixing=6, embedding=8),)),),
                classes=2,
            )
        )


@pytest.mark.parametrize("spec", [condensers_then_pepes(), double_condensers()], ids=["VAC", "DC-AC"])
def test_a_browser_puts_no_text_over_another(look: Open, tmp_path: Path, spec: NetworkSpec) -> None:
    (tmp_path / "network.svg").write_text(network_svg(spec), encoding="utf-8")
    page = look(tmp_path / "network.svg")
    over = page.value(
        """(() => {
          const found = [];
          const root = document.documentElement;
          const texts = [...root.querySelectorAll('text')].filter(t => t.ownerSVGElement === root);
          const places = texts.map(t => t.getBoundingClientRect());
          places.forEach((a, i) => places.slice(i + 1).forEach((b, j) => {
            // A line's box is higher than its letters: three pixels of leading may be shared.
            if (a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom)
              found.push([texts[i].textContent, texts[i + 1 + j].textContent]);
          }));
          return [texts.length, found];
        })()"""
    )
    assert over[0] > 60
    assert over[1] == [], json.dumps(over)
