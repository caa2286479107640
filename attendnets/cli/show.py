"""The command that draws a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from attendnets.cli.app import app
from attendnets.cli.networks import specification
from attendnets.cli.options import Channels, Classes, ImageSize, Int8


@app.command
def show(
    network: str,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"], help="The picture, an .svg file.")],
    classes: Classes = None,
    image_size: ImageSize = None,
    channels: Channels = None,
    int8: Int8 = False,
) -> int:
    """Draw a network as an SVG picture.

    NETWORK is a name of `attendnets networks`, a network's JSON file, a run folder or RUN#DIGEST.
    """
    from attendnets.atomic import write_text
    from attendnets.errors import UsageError
    from attendnets.networks.catalogue import ENTRIES
    from attendnets.report import network_svg

    if out.suffix.lower() != ".svg":
        raise UsageError(f"{out}: networks are drawn as SVG; give a file name that ends in .svg.")
    if out.is_dir():
        raise UsageError(f"{out} is a folder; give a file name that ends in .svg.")
    above = next(folder for folder in out.absolute().parents if folder.exists())
    if not above.is_dir():
        raise UsageError(f"{out} cannot be written: {above} is no folder; give a file name in one.")
    spec = specification(network, classes, channels, image_size, int8=int8)
    entry = ENTRIES.get(network)
    notes = (entry.summary, f"{entry.origin.capitalize()}: {entry.source}") if entry else ()
    write_text(out, network_svg(spec, network if entry else _name(Path(network).absolute()), notes))
    print(out)
    return 0


def _name(place: Path) -> str:
    """A file is called as it is, but the network of a run after the run."""
    if place.suffix != ".json":
        return place.name
    return place.parent.name if place.name == "network.json" else place.stem
