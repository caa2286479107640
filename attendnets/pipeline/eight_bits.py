"""What 8 bits cannot hold is said before a network is trained for them."""

from __future__ import annotations

from attendnets.errors import SpecError
from attendnets.exploration.open_space import OpenSpace
from attendnets.networks.int8_form import Inexact, inexact, inexact_value
from attendnets.spec import NetworkSpec


def require_int8(network: NetworkSpec, name: str) -> None:
    """Raise SpecError, calling the network ``name``, where it has a field that 8 bits cannot hold."""
    found = inexact(network)
    if found is not None:
        sizes = f"--classes {network.classes} --channels {network.input.channels}"
        raise SpecError(
            f"{_refusal(name, found)} attendnets describe NETWORK --int8 {sizes} --json has the nearest "
            'network that 8 bits hold, as "spec".'
        )


def require_int8_space(space: OpenSpace) -> None:
    """Raise SpecError where ``space`` offers a value that 8 bits cannot hold, or has it written."""
    source, smallest = space.prototype.source, space.smallest()
    for name, values in space.choices().items():
        for value in values:
            # A value may count only beside others, and a kind that is open bring in what is written of it.
            found = inexact_value(name, value) or inexact(space.network({**smallest, name: value}))
            if found is not None:
                raise SpecError(_refusal(source, found))


def _refusal(name: str, found: Inexact) -> str:
    return (
        f"{name}: {found.where}: {found.value} has no 8-bit form: networks with it could be trained, not "
        f"exported. {found.instead} in its place has one."
    )
