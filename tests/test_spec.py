"""A network specification is a value: equal by content, written as JSON, refused where it is wrong."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendnets.errors import SpecError
from attendnets.spec import (
    ConvolutionSpec,
    DoubleCondenserSpec,
    InputSpec,
    NetworkSpec,
    PepeSpec,
    StageSpec,
    StemSpec,
    VisualCondenserSpec,
    digest,
    from_json,
    to_json,
    validate,
)

# What version 1 of the format wrote: files and digests in users' run folders depend on every character.
WRITTEN_BY_VERSION_1 = (
    '{"version":1,"input":{"channels":1,"height":24,"width":32},'
    '"stem":{"width":8,"kernel":3,"stride":2,"second_groups":0,"pool":"none","activation":"relu"},'
    '"stages":[{"blocks":['
    '{"kind":"visual_condenser","width":16,"stride":2,"downsample":"blur","shortcut":true,"activation":"relu",'
    '"mixing":8,"embedding":4,"kernel":3,"groups":4,"pool":"max","unpool":"nearest","gate":"sigmoid",'
    '"combine":"product","scale":"learned","linear_embedding":false,"expansion":false},'
    '{"kind":"pepe","width":16,"stride":1,"downsample":"average","shortcut":true,"activation":"relu",'
    '"projection":8,"multiplier":2,"second_projection":8,"kernel":3}]}],'
    '"head":{"features":0,"dropout":0.0,"activation":"relu"},"classes":5}'
)


def network(**changes: Any) -> NetworkSpec:
    fields: dict[str, Any] = {
        "input": InputSpec(channels=1, height=24, width=32),
        "stem": StemSpec(width=8),
        "stages": (
            StageSpec(
                blocks=(
                    VisualCondenserSpec(width=16, stride=2, downsample="blur", mixing=8, embedding=4),
                    PepeSpec(width=16, projection=8, multiplier=2, second_projection=8),
                )
            ),
        ),
        "classes": 5,
    }
    return NetworkSpec(**(fields | changes))


def test_equal_specifications_are_one_value() -> None:
    assert network() == network()
    assert hash(network()) == hash(network())
    assert digest(network()) == digest(network())
    assert len({network(), network(), network(classes=6)}) == 2


def test_blocks_of_two_kinds_with_the_same_fields_differ() -> None:
    assert ConvolutionSpec(width=8) != DoubleCondenserSpec(width=8, inner=8)


def test_a_specification_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        network().classes = 7  # type: ignore[misc]
    with pytest.raises(AttributeError):
        network().stem.width = 7  # type: ignore[misc]


def test_blocks_are_listed_in_order_of_execution() -> None:
    spec = network(stages=tuple(StageSpec(blocks=(ConvolutionSpec(width=w),)) for w in (8, 12, 16)))
    assert [block.width for block in spec.blocks] == [8, 12, 16]


def test_the_json_of_version_1_is_kept_to_the_character() -> None:
    assert to_json(network()) == WRITTEN_BY_VERSION_1
    assert from_json(WRITTEN_BY_VERSION_1) == network()
    assert digest(network()) == "9634d9d1a9761704"


def test_fields_that_a_file_leaves_out_take_their_defaults() -> None:
    text = (
        '{"input":{"height":8,"width":8},"stem":{"width":4},'
        '"stages":[{"blocks":[{"kind":"convolution","width":4}]}],"classes":2}'
    )
    assert from_json(text) == NetworkSpec(
        input=InputSpec(height=8, width=8),
        stem=StemSpec(width=4),
        stages=(StageSpec(blocks=(ConvolutionSpec(width=4),)),),
        classes=2,
    )


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ('"classes"', '"clases"', "clases"),
        ('"embedding":4', '"embeding":4', "embeding"),
        ('"version":1', '"version":2', "$.version"),
        ('"classes":5', '"classes":0', "$.classes"),
        ('"width":8,', '"width":0,', "$.stem.width"),
        ('"width":8,', '"width":8.5,', "$.stem.width"),
        ('"width":8,', '"width":"8",', "$.stem.width"),
        ('"height":24', '"height":0', "$.input.height"),
        ('"mixing":8,', "", "mixing"),
        ('"mixing":8', '"mixing":0', "$.stages[0].blocks[0].mixing"),
        ('"projection":8', '"projection":-8', "$.stages[0].blocks[1].projection"),
        ('"gate":"sigmoid"', '"gate":"swish"', "$.stages[0].blocks[0].gate"),
        ('"kind":"pepe"', '"kind":"pepx"', "$.stages[0].blocks[1].kind"),
        ('"kind":"pepe",', "", "$.stages[0].blocks[1]"),
        ('"stride":2,"downsample"', '"stride":3,"downsample"', "$.stages[0].blocks[0].stride"),
        ('"dropout":0.0', '"dropout":1.0', "$.head.dropout"),
    ],
)
def test_a_wrong_field_is_refused_by_name(old: str, new: str, names: str) -> None:
    assert old in WRITTEN_BY_VERSION_1
    with pytest.raises(SpecError) as refusal:
        from_json(WRITTEN_BY_VERSION_1.replace(old, new, 1))
    assert names in str(refusal.value)


@pytest.mark.parametrize("stages", ["[]", '[{"blocks":[]}]'])
def test_a_network_without_blocks_is_refused(stages: str) -> None:
    document = json.loads(WRITTEN_BY_VERSION_1) | {"stages": json.loads(stages)}
    with pytest.raises(SpecError, match="stages"):
        from_json(json.dumps(document))


@given(st.one_of(st.binary(max_size=40), st.text(max_size=40)))
def test_what_is_no_network_is_refused_and_never_crashes(text: str | bytes) -> None:
    with pytest.raises(SpecError):
        from_json(text)


@given(st.data())
def test_a_damaged_file_is_read_as_a_network_or_refused(data: st.DataObject) -> None:
    written = bytearray(WRITTEN_BY_VERSION_1.encode())
    position = data.draw(st.integers(0, len(written) - 1))
    written[position] = data.draw(st.integers(0, 255))
    with contextlib.suppress(SpecError):
        assert isinstance(from_json(bytes(written)), NetworkSpec)


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        (network(classes=0), "$.classes"),
        (network(stem=StemSpec(width=0)), "$.stem.width"),
        (network(stem=StemSpec(width=np.int64(8))), "$.stem.width"),  # type: ignore[arg-type]
        (network(input=InputSpec(height=8, width=8.0)), "$.input.width"),  # type: ignore[arg-type]
        (network(stages=()), "$.stages"),
        (network(stem=None), "$.stem"),
        (
            network(stages=(StageSpec(blocks=(ConvolutionSpec(width=8, kernel=4),)),)),  # type: ignore[arg-type]
            "$.stages[0].blocks[0].kernel",
        ),
    ],
)
def test_specifications_made_in_python_are_held_to_the_same_rules(spec: NetworkSpec, names: str) -> None:
    with pytest.raises(SpecError) as refusal:
        validate(spec)
    assert names in str(refusal.value)


def test_a_right_specification_is_valid() -> None:
    validate(network())


def test_specifications_are_read_without_torch() -> None:
    code = "import sys, attendnets.spec; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
