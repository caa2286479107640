"""Commands on networks as such: list those that have a name, describe one row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attendnets.cli.app import app
from attendnets.cli.options import Channels, Classes, ImageSize, Int8, Json
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
    classes: Classes = None,
    image_size: ImageSize = None,
    channels: Channels = None,
    int8: Int8 = False,
    json: Json = False,
) -> int:
    """Print a network row by row: shapes, parameters, MACs, bytes of weights and activations.

    NETWORK is a name of `attendnets networks`, a network's JSON file, a run folder or RUN#DIGEST. Bytes are
    those of 8 bits.
    """
    from attendnets.cost import cost
    from attendnets.errors import UsageError
    from attendnets.networks import rivals
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
    price = cost(specification(network, classes, channels, image_size, int8=int8))
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
    network: str,
    classes: int | None = None,
    channels: int | None = None,
    image_size: int | None = None,
    *,
    int8: bool = False,
) -> NetworkSpec:
    """What a command's NETWORK stands for, changed as its options say.

    Raises SpecError or RunFolderError where there is no such name, file or candidate.
    """
    from attendnets.networks import catalogue
    from attendnets.networks.int8_form import int8_form

    if catalogue.is_name(network):
        return catalogue.network_spec(network, classes, channels, image_size, int8=int8)
    from attendnets.pipeline.given_network import stored_network

    spec = catalogue.changed(stored_network(network), classes, channels, image_size)
    return int8_form(spec) if int8 else spec
