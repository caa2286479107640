"""What holds for any network that can be written down, tried on random ones."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from attendnets.cost import cost
from attendnets.errors import SpecError
from attendnets.graph import Graph
from attendnets.networks.assemble import assemble, trace_network
from attendnets.spec import (
    BlockSpec,
    HeadSpec,
    InputSpec,
    NetworkSpec,
    StageSpec,
    StemSpec,
    digest,
    from_json,
    to_json,
)

pytestmark = pytest.mark.usefixtures("one_thread")
WHOLE = st.sampled_from((4, 8, 12))
"""Channel counts that 1, 2 and 4 groups divide."""
RAGGED = st.integers(1, 9)
few = settings(deadline=None, max_examples=40, derandomize=True, suppress_health_check=list(HealthCheck))
many = settings(deadline=None, max_examples=100, derandomize=True, suppress_health_check=list(HealthCheck))


def struct_of(kind: type[Any], channels: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    """Any value of a spec class, read from its fields; fields without default are channel counts."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    hints = get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        hint = hints[field.name]
        if field.required:
            fields[field.name] = channels
        elif get_origin(hint) is Literal:
            fields[field.name] = st.sampled_from(get_args(hint))
        elif hint is bool:
            fields[field.name] = st.booleans()
        elif hint is int:
            fields[field.name] = st.sampled_from((field.default, 1, 2, 4))
    return st.builds(kind, **fields)


def networks(channels: st.SearchStrategy[int]) -> st.SearchStrategy[NetworkSpec]:
    block = st.one_of(*(struct_of(kind, channels) for kind in get_args(BlockSpec)))
    stage = st.builds(StageSpec, blocks=st.lists(block, min_size=1, max_size=2).map(tuple))
    size = st.integers(1, 20)
    return st.builds(
        NetworkSpec,
        input=st.builds(InputSpec, channels=st.sampled_from((1, 3)), height=size, width=size),
        stem=struct_of(StemSpec, channels),
        stages=st.lists(stage, min_size=1, max_size=3).map(tuple),
        head=struct_of(HeadSpec, channels),
        classes=st.integers(1, 12),
    )


def bytes_alive(graph: Graph, step: int) -> int:
    """Without ``live_bytes``: a tensor lives from the step that makes it to the last that reads it."""
    made = {0: 0} | {o.output: i for i, o in enumerate(graph.operations)}
    read = {t: max([i for i, o in enumerate(graph.operations) if t in o.inputs] + [made[t]]) for t in made}
    return sum(graph.shape(t).elements for t in made if made[t] <= step <= read[t])


@few
@given(networks(WHOLE))
def test_counts_are_those_of_the_module(spec: NetworkSpec) -> None:
    try:
        counted = cost(spec)
    except SpecError:
        assume(False)
    network = assemble(spec).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        logits = network(torch.zeros(1, spec.input.channels, spec.input.height, spec.input.width))
    assert logits.shape == (1, spec.classes)
    assert counted.parameters == sum(p.numel() for p in network.parameters())
    assert 2 * counted.macs == counter.get_total_flops()


@few
@given(networks(WHOLE))
def test_weights_bytes_are_those_of_the_folded_module(spec: NetworkSpec) -> None:
    try:
        counted = cost(spec)
    except SpecError:
        assume(False)
    folded = assemble(spec).fold()
    biases = sum(p.numel() for name, p in folded.named_parameters() if name.endswith("bias"))
    assert counted.weights_bytes == sum(p.numel() for p in folded.parameters()) + 3 * biases


@many
@given(networks(WHOLE))
def test_peak_memory_holds_every_operation_with_what_it_reads_and_writes(spec: NetworkSpec) -> None:
    try:
        graph = trace_network(spec)
    except SpecError:
        assume(False)
    peak = cost(spec).activation_bytes
    for operation in graph.operations:
        read = sum(graph.shape(t).elements for t in set(operation.inputs))
        assert peak >= read + operation.shape.elements
    alive = [bytes_alive(graph, step) for step in range(len(graph.operations))]
    assert graph.live_bytes() == alive
    assert peak == max(alive)


@many
@given(networks(RAGGED))
def test_what_is_refused_is_refused_alike_and_what_is_not_runs(spec: NetworkSpec) -> None:
    try:
        counted = cost(spec)
    except SpecError as refusal:
        try:
            assemble(spec)
        except SpecError as other:
            assert str(other) == str(refusal)
        else:
            raise AssertionError(f"cost refused what was built: {refusal}") from None
        assert str(refusal).startswith(("stem.", "stages.", "head."))
        return
    network = assemble(spec).eval()
    with torch.no_grad():
        logits = network(torch.zeros(1, spec.input.channels, spec.input.height, spec.input.width))
    assert logits.shape == (1, counted.rows[-1].out_shape.channels)


@many
@given(networks(RAGGED))
def test_a_specification_survives_json_and_keeps_its_digest(spec: NetworkSpec) -> None:
    again = from_json(to_json(spec))
    assert again == spec
    assert hash(again) == hash(spec)
    assert digest(again) == digest(spec)
    assert to_json(again) == to_json(spec)


@many
@given(networks(RAGGED), networks(RAGGED))
def test_two_specifications_share_a_digest_only_when_equal(first: NetworkSpec, second: NetworkSpec) -> None:
    assert (digest(first) == digest(second)) == (first == second)


@many
@given(networks(WHOLE), st.integers(13, 64))
def test_more_classes_never_cost_less(spec: NetworkSpec, classes: int) -> None:
    try:
        fewer = cost(spec)
    except SpecError:
        assume(False)
    more = cost(msgspec.structs.replace(spec, classes=classes))
    assert more.parameters > fewer.parameters
    assert more.macs > fewer.macs
    assert more.weights_bytes > fewer.weights_bytes
    assert more.activation_bytes >= fewer.activation_bytes
