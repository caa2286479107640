"""What commands print, and who listens while they run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from attendnets.pipeline import Context, Listener
    from attendnets.spec import NetworkSpec


def reopen(run: Path, quiet: bool, **changes: object) -> Context:
    """The context of a run, its job changed by ``changes``."""
    from attendnets.pipeline import reopen

    return reopen(run, listener(quiet), **changes)


def listener(quiet: bool) -> Listener:
    """A silent one, or one that writes to the terminal."""
    from attendnets.pipeline import Listener
    from attendnets.terminal import TerminalListener

    return Listener() if quiet else TerminalListener(console())


def console() -> Console:
    """Standard output, with long lines unbroken when it is not a terminal."""
    from rich.console import Console

    return Console(soft_wrap=not sys.stdout.isatty())


def describe_network(spec: NetworkSpec) -> None:
    """Print a network row by row."""
    from attendnets.cost import cost
    from attendnets.report import cost_table

    print(cost_table(cost(spec)))


def builtins(value: object) -> dict[str, object]:
    """A typed result as plain values."""
    import msgspec

    plain: dict[str, object] = msgspec.to_builtins(value)
    return plain


def print_json(value: object) -> None:
    """Print one JSON document."""
    import msgspec

    encoded = msgspec.json.encode(value, enc_hook=str)
    print(msgspec.json.format(encoded, indent=2).decode())
