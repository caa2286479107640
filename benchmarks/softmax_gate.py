"""What the published softmax gate of DC-AC loses in 8 bits, and what the int8-friendly gate loses in float.

    python -m benchmarks.softmax_gate PATH/TO/cifar10     # minutes on two cores

The same small DC-AC network with its published gate (a softmax over channels) and activation (SiLU), with
each replaced by the int8-friendly one (sigmoid, ReLU), and with both. Float and int8 forms are tested on the
same images; the int8 forms are made by one tool that takes all of them (ai-edge-quantizer), and where there
is one, by our own export. Each training is written down when it is done: the same command goes on.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from attendnets.cost import cost
from attendnets.errors import QuantizationError
from attendnets.export.litert import export_litert
from attendnets.networks.assemble import Network
from attendnets.networks.catalogue import with_gate
from attendnets.quantize import quantize_post_training
from attendnets.runtimes import open_session
from attendnets.spec import Activation, Gate, NetworkSpec, StageSpec
from benchmarks.edge_int8 import CALIBRATION_IMAGES, edge_int8, edge_predictions
from benchmarks.equal_networks import equal_network
from benchmarks.image_subset import Tables
from benchmarks.seeded_trainings import (
    Comparison,
    Run,
    accuracy_figures,
    from_command_line,
    over_seeds,
    right_of,
    trained,
)

FORMS: dict[str, tuple[Gate, Activation]] = {
    "softmax, SiLU (published)": ("softmax", "silu"),
    "softmax, ReLU": ("softmax", "relu"),
    "sigmoid, SiLU": ("sigmoid", "silu"),
    "sigmoid, ReLU (int8-friendly)": ("sigmoid", "relu"),
}


def networks(tables: Tables, parameters: int) -> dict[str, NetworkSpec]:
    """The DC-AC network in each form; gates and activations have no parameters."""
    spec = equal_network("DC-AC", parameters, tables.image, len(tables.classes))
    return {form: with_activation(with_gate(spec, gate), act) for form, (gate, act) in FORMS.items()}


def with_activation(spec: NetworkSpec, activation: Activation) -> NetworkSpec:
    """``spec`` with another activation in all its blocks."""
    stages = tuple(
        StageSpec(
            blocks=tuple(msgspec.structs.replace(block, activation=activation) for block in stage.blocks)
        )
        for stage in spec.stages
    )
    return msgspec.structs.replace(spec, stages=stages)


def run(spec: NetworkSpec, seed: int, tables: Tables, epochs: int) -> Run:
    """One training, with the test accuracy of its float and of its int8 forms."""
    network, found = trained(spec, seed, tables, epochs)
    assert isinstance(network, Network)
    content, float_operators = edge_int8(network.fold(), tables.train)
    predicted = edge_predictions(content, tables.test)
    found["int8"] = accuracy_figures(predicted == tables.test.labels)
    found["int8_file_bytes"] = len(content)
    found["int8_float_operators"] = float_operators
    try:
        found["product"], found["product_refusal"] = _product(network, tables), ""
    except QuantizationError as error:
        found["product"], found["product_refusal"] = None, str(error)
    return found


def _product(network: Network, tables: Tables) -> dict[str, Any]:
    """Figures of our own int8 file in LiteRT. Raises QuantizationError where an operator has no int8 form."""
    quantized = quantize_post_training(network, tables.train, images=CALIBRATION_IMAGES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.tflite"
        export_litert(quantized, path)
        logits = open_session(path, "litert", 1).run(np.ascontiguousarray(tables.test.pixels))
        return {**accuracy_figures(logits.argmax(1) == tables.test.labels), "file_bytes": path.stat().st_size}


def rows(begun: Mapping[str, NetworkSpec], runs: Sequence[Run], images: int) -> list[dict[str, Any]]:
    """A form a row: its accuracy in float and in 8 bits, and how many images fare differently in 8 bits."""
    found = []
    for form, spec in begun.items():
        mine = [run for run in runs if run["name"] == form]
        products = [run["product"]["top1_percent"] for run in mine if run["product"]]
        changed = [float((right_of(run, images) != right_of(run["int8"], images)).mean()) for run in mine]
        found.append(
            {
                "form": form,
                "parameters": cost(spec).parameters,
                "macs": cost(spec).macs,
                "top1_percent": over_seeds([run["top1_percent"] for run in mine]),
                "int8_top1_percent": over_seeds([run["int8"]["top1_percent"] for run in mine]),
                "int8_loss_percent": over_seeds(
                    [run["top1_percent"] - run["int8"]["top1_percent"] for run in mine]
                ),
                "int8_changed_percent": over_seeds([100 * share for share in changed]),
                "int8_float_operators": sorted(
                    {name for run in mine for name in run["int8_float_operators"]}
                ),
                "product_top1_percent": over_seeds(products) if products else None,
                "product_refusal": mine[0]["product_refusal"],
            }
        )
    return found


COMPARISON = Comparison(
    "softmax_gate",
    "what DC-AC's published gate and the int8-friendly one lose, in float and in 8 bits",
    run,
    rows,
)

if __name__ == "__main__":
    from_command_line(COMPARISON, networks, __doc__)
