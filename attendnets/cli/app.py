"""The command line's root, to which every command belongs."""

from __future__ import annotations

from cyclopts import App, Parameter

app = App(
    name="attendnets",
    help="A folder of images and requirements in; a small int8 network, proven on the exported file, out.",
    version_flags=["--version"],
    default_parameter=Parameter(negative=()),
)
