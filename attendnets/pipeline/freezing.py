"""Parts of a network that an exploration must leave as they are, and the network that has them."""

from __future__ import annotations

from attendnets.errors import SpecError
from attendnets.exploration.open_space import OpenSpace
from attendnets.networks.constraints import frozen, frozen_parts
from attendnets.spec import NetworkSpec


def frozen_reference(space: OpenSpace, constraints: tuple[str, ...]) -> NetworkSpec:
    """The network of ``space`` whose parts the frozen ones among ``constraints`` hold all others to.

    Raises SpecError where a part is not there, or has an open cell: nothing would say what it is frozen at.
    """
    source, smallest = space.prototype.source, space.smallest()
    network = space.network(smallest)
    for part in frozen_parts(constraints):
        try:
            rule = frozen(part, network)
        except SpecError as error:
            raise SpecError(f"{source}: {error}") from error
        for name, values in space.choices().items():
            if any(rule(space.network({**smallest, name: value})) for value in values):
                raise SpecError(
                    f"{source}: {part} cannot be frozen: {name}, which is open, changes it. Write that out, "
                    f"or leave out --constraint frozen:{part}."
                )
    return network
