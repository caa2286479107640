"""Commands on networks as such: list those that have a name, describe one row by row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from attendnets.cli.app import app
from attendnets.cli.options import Json
from attendnets.cli.output import print_json

if TYPE_CHECKING:
    from attendnets.spec import NetworkSpec


@app.command
def networks(*, json: Json = False) -> int:
    """List all networks that have a name: origin, parameters, MACs at its own classes and image, source.

    Origins: released (rebuilt from its authors' code), published (from the paper's own numbers),
    reconstruction (what the paper leaves open was found here), ours, timm (somebody else's, to compare with).
    """
    from attendnets.report.networks_table import network_lines, networks_table

    lines = network_lines()
    if json:
        print_json(lines)
    else:
        print(networks_table(lines))
    return 0


@app.command
def describe(
    network: str,
    *,
    classes: Annotated[int | None, Parameter(help="Instead of the network's own.")] = None,
    image_size: Annotated[
        int | None, Parameter(name=["--input", "--image-size"], help="Pixels a side, instead of its own.")
    ] = None,
    channels: Annotated[int | None, Parameter(help="Of the image, instead of the network's own.")] = None,
    int8: Annotated[bool, Parameter(help="The form that 8 bits can hold: no softmax gate, no SiLU.")] = False,
    json: Json = False,
) -> int:
    """Print a network row by row: shapes, parameters, MACs, bytes of weights and activations.

    NETWORK is a name of `attendnets networks`, a run folder or a network.json. Bytes are those of 8 bits.
    """
    from attendnets.cost import cost
    from attendnets.errors import UsageError
    from attendnets.networks import rivals
    from attendnets.networks.int8_form import int8_form
    from attendnets.report import cost_table

    if network in rivals.names():
        if int8:
            raise UsageError(f"--int8: {network} is timm's, its form is not to be chosen; leave it out.")
        count = rivals.describe(network, *_instead(classes=classes, channels=channels), image_size)
        if json:
            rows = [row._asdict() for row in count.rows]
            print_json(
                {
                    "params": count.parameters,
                    "macs": count.macs,
                    "product_macs": count.product_macs,
                    "weight_bytes": count.weights_bytes,
                    "peak_activation_bytes": count.activation_bytes,
                    "rows": rows,
                }
            )
        else:
            print(cost_table(count))
        return 0
    spec = specification(network, classes, channels, image_size)
    price = cost(int8_form(spec) if int8 else spec)
    if json:
        print_json(
            {
                "params": price.parameters,
                "macs": price.macs,
                "weight_bytes": price.weights_bytes,
                "peak_activation_bytes": price.activation_bytes,
                "predicted_arena_bytes": price.arena_bytes,
                "rows": [row._asdict() for row in price.rows],
                "spec": price.spec,
            }
        )
    else:
        print(cost_table(price))
    return 0


def _instead(*, classes: int | None, channels: int | None) -> tuple[int, int]:
    """ImageNet's classes and channels where others are not asked for."""
    return (1000 if classes is None else classes, 3 if channels is None else channels)


def specification(
    network: str, classes: int | None = None, channels: int | None = None, image_size: int | None = None
) -> NetworkSpec:
    """What a command's NETWORK stands for. Raises SpecError where there is no such name or file."""
    from attendnets.errors import SpecError
    from attendnets.networks import catalogue
    from attendnets.spec import from_json

    place = Path(network)
    if network in catalogue.ENTRIES or not (place.exists() or place.suffix or len(place.parts) > 1):
        return catalogue.network_spec(network, classes, channels, image_size)
    file = place / "network.json" if place.is_dir() else place
    if not file.is_file():
        raise SpecError(f"{file} does not exist: give a run folder, a network.json or a network's name.")
    return catalogue.changed(from_json(file.read_bytes()), classes, channels, image_size)
