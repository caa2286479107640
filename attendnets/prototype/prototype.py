"""A prototype as a value: what the user wrote, checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec

from attendnets.errors import SpecError
from attendnets.prototype.layout import Layout, layout_of
from attendnets.prototype.reading import file_values


@dataclass(frozen=True)
class Prototype:
    """A network with open cells. ``text``: JSON of its values; ``source`` names it in messages.

    ::

        prototype = attendnets.Prototype.of(
            {
                "stem": {"width": 16},
                "stages": [{"blocks": [{"kind": "convolution", "width": {"one_of": [16, 24, 32]}}]}],
            }
        )

    Raises SpecError naming source and field for what is no prototype.
    """

    text: str
    source: str = field(default="prototype", compare=False)

    def __post_init__(self) -> None:
        if all(len(cell.values) == 1 for cell in self.layout.open_cells()):
            raise SpecError(
                f'{self.source}: no cell is open, there is nothing to choose. Leave one open as "?", or '
                "build the network as it is: --network with its JSON file."
            )

    @classmethod
    def read(cls, path: str | Path) -> Prototype:
        """From a YAML or JSON file. Raises SpecError naming file and line, or file and field."""
        return cls.of(file_values(Path(path)), str(path))

    @classmethod
    def of(cls, values: object, source: str = "prototype") -> Prototype:
        """From plain values: dictionaries, lists, numbers and words, as the file has them."""
        try:
            text = msgspec.json.encode(values).decode()
        except TypeError as error:
            raise SpecError(f"{source}: {error}; write numbers, words, lists and mappings.") from error
        return cls(text, source)

    @cached_property
    def layout(self) -> Layout:
        """Its cells in their places."""
        return layout_of(msgspec.json.decode(self.text), self.source)
