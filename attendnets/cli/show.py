"""The command that draws a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from attendnets.cli.app import app


@app.command
def show(
    network: str,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"], help="The picture, an .svg file.")],
) -> int:
    """Draw a network as an SVG picture. NETWORK is a run folder, RUN#DIGEST or a network.json."""
    from attendnets.atomic import write_text
    from attendnets.errors import UsageError
    from attendnets.pipeline.given_network import given_network
    from attendnets.report import network_svg

    if out.suffix.lower() != ".svg":
        raise UsageError(f"{out}: networks are drawn as SVG; give a file name that ends in .svg.")
    if out.is_dir():
        raise UsageError(f"{out} is a folder; give a file name that ends in .svg.")
    above = next(folder for folder in out.absolute().parents if folder.exists())
    if not above.is_dir():
        raise UsageError(f"{out} cannot be written: {above} is no folder; give a file name in one.")
    place = Path(network).absolute()
    file_alone = place.suffix == ".json" and place.name != "network.json"
    name = place.stem if file_alone else place.parent.name if place.suffix == ".json" else place.name
    write_text(out, network_svg(given_network(network), name))
    print(out)
    return 0
