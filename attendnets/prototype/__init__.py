"""A network of which some cells are open: people write the prototype, the machine fills in the rest.

:class:`Prototype` is read from YAML (or JSON, which is YAML) or made of plain values; docs/prototypes.md has
the whole syntax.
"""

from attendnets.prototype.prototype import Prototype

__all__ = ["Prototype"]
