"""What 8 bits cannot hold is said before a network is trained for them."""

from __future__ import annotations

from attendnets.errors import SpecError
from attendnets.exploration.open_space import OpenSpace
from attendnets.networks.int8_form import inexact_part
from attendnets.spec import NetworkSpec


def require_int8(network: NetworkSpec, name: str) -> None:
    """Raise SpecError, calling the network ``name``, where a part of it has no exact 8-bit form."""
    part = inexact_part(network)
    if part is not None:
        raise SpecError(
            f"{name}: {part} has no 8-bit form, so that the network could be trained, but not exported. "
            'attendnets describe NETWORK --int8 --json has the nearest form that has one, as "spec"; give '
            "that in a file."
        )


def require_int8_space(space: OpenSpace) -> None:
    """Raise SpecError where a network of ``space`` has a part without an exact 8-bit form."""
    smallest = space.smallest()
    require_int8(space.network(smallest), space.prototype.source)
    for name, values in space.choices().items():
        for value in values:
            part = inexact_part(space.network({**smallest, name: value}))
            if part is not None:
                raise SpecError(
                    f"{space.prototype.source}: {name}: {value} makes {part}, which has no 8-bit form. Leave "
                    "it out."
                )
