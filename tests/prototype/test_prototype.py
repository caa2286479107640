"""A prototype says what is open; what is wrong in it is named by source and field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

import attendnets
from attendnets.errors import SpecError
from attendnets.prototype import Prototype
from attendnets.prototype.cells import MOST_VALUES
from attendnets.run import Job

CONVOLUTION: dict[str, object] = {"kind": "convolution", "width": "?"}


def values(block: object = CONVOLUTION, **changes: Any) -> dict[str, Any]:
    return {"stem": {"width": 16}, "stages": [{"blocks": [block]}], **changes}


def choices(block: dict[str, Any], **changes: Any) -> dict[str, tuple[object, ...]]:
    cells = Prototype.of(values(block, **changes)).layout.open_cells()
    return {cell.decision: cell.values for cell in cells}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("?", (32, 48, 64, 96, 128, 192, 256)),
        ({"one_of": [16, 24, 32]}, (16, 24, 32)),
        ({"one_of": [32, 7, 32]}, (7, 32)),
        ("8..64 step 8", (8, 16, 24, 32, 40, 48, 56, 64)),
        ("16..32", (16, 24, 32)),
        (" 16 .. 40  step 12 ", (16, 28, 40)),
    ],
)
def test_a_cell_is_open_in_three_ways(cell: object, expected: tuple[int, ...]) -> None:
    assert choices({"kind": "convolution", "width": cell}) == {"stages.0.blocks.0.width": expected}


def test_values_that_cost_less_come_first() -> None:
    block = {
        "kind": {"one_of": ["convolution", "pepe"]},
        "width": 16,
        "stride": {"one_of": [1, 2]},
        "groups": {"one_of": [1, 2, 4]},
        "shortcut": "?",
        "repeat": "1..3",
        "projection": 16,
        "second_projection": 16,
    }
    place = "stages.0.blocks.0"
    assert choices(block, head={"dropout": "0.1..0.3 step 0.1"}) == {
        f"{place}.kind": ("pepe", "convolution"),
        f"{place}.repeat": (1, 2, 3),
        f"{place}.stride": (2, 1),
        f"{place}.groups": (4, 2, 1),
        f"{place}.shortcut": (False, True),
        "head.dropout": (0.1, 0.2, 0.3),
    }


def test_an_open_kind_leaves_open_what_its_kinds_need() -> None:
    found = choices({"kind": {"one_of": ["pepe", "condenser"]}, "width": 16, "stride": 2})
    assert [name.rpartition(".")[2] for name in found] == [
        "kind",
        "projection",
        "second_projection",
        "embedding",
    ]


def test_a_prototype_is_the_same_from_file_and_code_and_through_a_record(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text('stem: {width: 16}\nstages: [{blocks: [{kind: convolution, width: "?"}]}]\n')
    read = attendnets.Prototype.read(path)
    assert read == Prototype.of(values())
    assert read.source == str(path)
    job = Job("photos", prototype=read)
    again = msgspec.json.decode(msgspec.json.encode(job), type=Job)
    assert again == job and again.prototype is not None and again.prototype.source == str(path)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1], r"mine.yaml: \[1\] cannot stand here; write fields"),
        (values({"kind": "convolution", "width": 16}), "mine.yaml: no cell is open.* --network"),
        (values({"kind": "convolution", "width": {"one_of": [16]}}), "no cell is open"),
        ({"stages": []}, "mine.yaml: stem: is missing"),
        ({"stem": {"width": 16}}, "mine.yaml: stages: is missing"),
        (values(stages=[]), "stages: must be a list of stages"),
        (values(stages="?"), "stages: must be a list of stages"),
        (values(stages=["?"]), r"stages.0: '\?' cannot stand here"),
        (values(stages=[{"blocks": "?"}]), "stages.0.blocks: must be a list of blocks"),
        (values(stages=[{"depth": 3}]), "stages.0.depth: there is no such field"),
        (values("?"), "stages.0.blocks.0: is no block: it needs a kind"),
        (values({"width": 16}), "stages.0.blocks.0: is no block: it needs a kind"),
        (values({"kind": "convolutoin", "width": "?"}), r"0.kind: there is no block .*mean convolution\?"),
        (values({"kind": 3, "width": "?"}), "0.kind: 3 cannot stand here"),
        (values({"kind": "pepe", "width": "?"}), 'projection: is missing; write a value, or "'),
        (values({**CONVOLUTION, "widht": 16}), r"0.widht: there is no such field \(did you mean width\?\)"),
        (values({**CONVOLUTION, "mixing": 16}), "0.mixing: there is no such field"),
        (values(steem={}), r"mine.yaml: steem: there is no such field \(did you mean stem\?\)"),
        (values({**CONVOLUTION, "kernel": 9}), "0.kernel: 9 cannot stand here.*one of 1, 3, 5, 7"),
        (values({**CONVOLUTION, "kernel": "3..5"}), "0.kernel: 4 cannot stand here"),
        (values({**CONVOLUTION, "shortcut": "maybe"}), "0.shortcut: 'maybe' cannot stand here"),
        (values({**CONVOLUTION, "groups": 0}), "0.groups: 0 cannot stand here"),
        (values({**CONVOLUTION, "repeat": 0}), "0.repeat: 0 cannot stand here"),
        (values({"kind": "convolution", "width": "wide"}), "0.width: 'wide' cannot stand here"),
        (values({"kind": "convolution", "width": None}), "0.width: None cannot stand here"),
        (values({"kind": "convolution", "width": 16.5}), "0.width: 16.5 cannot stand here"),
        (values({"kind": "convolution", "width": True}), "0.width: True cannot stand here"),
        (values({"kind": "convolution", "width": [16, 24]}), r"0.width: a list is no cell; .*\[16, 24\]"),
        (
            values({"kind": "convolution", "width": {"one_of": []}}),
            r"0.width: \{'one_of': \[\]\} cannot stand here; a choice of one or more",
        ),
        (
            values({"kind": "convolution", "width": {"one_of": 16}}),
            r"0.width: \{'one_of': 16\} cannot stand here",
        ),
        (
            values({"kind": "convolution", "width": {"any_of": [16]}}),
            r"0.width: \{'any_of': \[16\]\} cannot stand here",
        ),
        (values({"kind": "convolution", "width": {"one_of": [16, "?"]}}), r"0.width: '\?' cannot stand"),
        (
            values({"kind": "convolution", "width": {"one_of": list(range(1, MOST_VALUES + 2))}}),
            "0.width: one_of has 33 values",
        ),
        (values({"kind": "convolution", "width": object()}), "object is unsupported; write numbers, words"),
        (values("x" * 5000), "is no block"),
        (values({"kind": "convolution", "width": "x" * 5000}), r"0.width: 'x{59}\.\.\. cannot stand here"),
        (values({"kind": "convolution", "width": "64..8"}), "0.width: .* runs backwards; write 8..64"),
        (values({"kind": "convolution", "width": "8..64 step 0"}), "0.width: .* has a step of 0"),
        (values({"kind": "convolution", "width": "8..1024 step 1"}), "0.width: .* has 1017 values"),
        (values({"kind": "convolution", "width": "8..many"}), "0.width: '8..many' is no range"),
        (values({"kind": "convolution", "width": "8..64 by 8"}), "0.width: .* is no range; write"),
        (values(classes="?"), "mine.yaml: classes: cannot be open; leave it out"),
        (values(input={"channels": "?"}), "input.channels: cannot be open"),
        (values(input={"height": 32}), "input: needs height and width, or size"),
        (values(input={"height": 32, "width": 32, "size": 32}), "input.height: stands beside size"),
        (values(version=2), "version: 2 is not 1"),
        (values(version="?"), r"version: '\?' is not 1"),
        (
            values({**CONVOLUTION, "layers": "?"}, stem={"width": 16, "pool": "?"}),
            "stem.pool: cannot be left open",
        ),
        (
            values({"kind": "condenser", "width": 16, "embedding": 8, "unpool": "?"}),
            r"0.unpool: cannot be left open as \"\?\"; write a value, or \{one_of",
        ),
    ],
    ids=lambda value: repr(value)[-60:],
)
def test_what_is_no_prototype_is_named_by_source_and_field(given: object, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        Prototype.of(given, "mine.yaml")
    assert str(caught.value).startswith("mine.yaml: ")
