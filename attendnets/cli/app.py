"""The command line's root, to which every command belongs."""

from __future__ import annotations

from cyclopts import App, Parameter

app = App(
    name="attendnets",
    help="A folder of images and requirements in; a small int8 network, proven on the exported file, out.",
    version_flags=["--version"],
    # The entry point says that the command can be given again, and ends with each signal's own code.
    suppress_keyboard_interrupt=False,
    default_parameter=Parameter(negative=()),
)
