"""The cells of a prototype in their places: each is checked against the field that it fills."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, get_args, get_origin

import msgspec

from attendnets.prototype import suggestions
from attendnets.prototype.cells import OPEN, Cell, Open, Place, Value, named_values, shown
from attendnets.spec import SPEC_VERSION, BlockSpec, HeadSpec, Positive, StemSpec

BLOCKS: Final[Mapping[str, type[BlockSpec]]] = {
    str(block.__struct_config__.tag): block for block in get_args(BlockSpec)
}
"""Block specifications by their kind."""
_SIDES: Final = ("height", "width")


@dataclass(frozen=True)
class BlockLayout:
    """One block of a prototype, ``repeat`` times in a row: the copies keep the grid.

    ``fields`` are those of all kinds that it may become.
    """

    kind: Cell
    repeat: Cell
    fields: Mapping[str, Cell]


@dataclass(frozen=True)
class Layout:
    """All cells. ``sides`` (height, width) or ``size`` is the input's; None is the images' own."""

    sides: tuple[int, int] | None
    size: Cell | None
    channels: int | None
    stem: Mapping[str, Cell]
    stages: tuple[tuple[BlockLayout, ...], ...]
    head: Mapping[str, Cell]
    classes: int | None

    def open_cells(self) -> Iterator[Open]:
        """In a fixed order."""
        cells: list[Cell | None] = [self.size, *self.stem.values()]
        for blocks in self.stages:
            for block in blocks:
                cells += [block.kind, block.repeat, *block.fields.values()]
        cells += self.head.values()
        yield from (cell for cell in cells if isinstance(cell, Open))


def layout_of(values: object, source: str) -> Layout:
    """The layout of a prototype's plain values. Raises SpecError naming ``source`` and the field."""
    place = Place(source)
    network = _mapping(values, place, ("version", "input", "stem", "stages", "head", "classes"))
    if network.get("version", SPEC_VERSION) != SPEC_VERSION:
        raise place.at("version").wrong(f"{shown(network['version'])} is not {SPEC_VERSION}; leave it out.")
    for name, example in (("stem", '{width: "?"}'), ("stages", '[{blocks: [{kind: "?", width: "?"}]}]')):
        if name not in network:
            raise place.at(name).wrong(f"is missing; write, for example, {example}.")
    stages = network["stages"]
    if not isinstance(stages, list) or not stages:
        raise place.at("stages").wrong("must be a list of stages, at least one; each has blocks.")
    image = _mapping(network.get("input", {}), place.at("input"), ("channels", "size", *_SIDES))
    return Layout(
        sides=_sides(image, place.at("input")),
        size=_size(image, place.at("input")),
        channels=_closed(image, "channels", place.at("input")),
        stem=_part(StemSpec, network["stem"], place.at("stem"), suggestions.STEM),
        stages=tuple(
            _stage(stage, place.at("stages").at(number), suggestions.widths(number, len(stages)))
            for number, stage in enumerate(stages)
        ),
        head=_part(HeadSpec, network.get("head", {}), place.at("head"), suggestions.HEAD),
        classes=_closed(network, "classes", place),
    )


@cache
def fields_of(kind: Value) -> dict[str, msgspec.structs.FieldInfo]:
    """The fields of a kind of blocks, by name."""
    return _fields(BLOCKS[str(kind)])


def _fields(struct: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    return {info.name: info for info in msgspec.structs.fields(struct)}


def _mapping(values: object, place: Place, known: Sequence[str]) -> dict[str, object]:
    if not isinstance(values, dict):
        raise place.wrong(
            f"{shown(values)} cannot stand here; write fields with their values: {', '.join(known)}."
        )
    for key in values:
        if key not in known:
            raise place.at(key).wrong(
                f"there is no such field{_meant(key, known)}; {', '.join(known)} are known."
            )
    return values


def _meant(key: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _closed(values: Mapping[str, object], name: str, place: Place) -> int | None:
    """A field that cannot be open; None where it is not written."""
    if name not in values:
        return None
    if values[name] == OPEN or isinstance(values[name], dict):
        raise place.at(name).wrong("cannot be open; leave it out, and it is that of the images.")
    value = _checked(values[name], (Positive,), place.at(name))
    assert isinstance(value, int)
    return value


def _sides(image: Mapping[str, object], place: Place) -> tuple[int, int] | None:
    given = [name for name in _SIDES if name in image]
    if not given:
        return None
    if "size" in image:
        raise place.at(given[0]).wrong("stands beside size, which is both sides; keep one of them.")
    sides = [_closed(image, name, place) for name in _SIDES]
    if sides[0] is None or sides[1] is None:
        raise place.wrong("needs height and width, or size alone for square images.")
    return sides[0], sides[1]


def _size(image: Mapping[str, object], place: Place) -> Cell | None:
    if "size" not in image:
        return None
    return _cell(image["size"], (Positive,), place.at("size"), ())


def _stage(values: object, place: Place, widths: tuple[Value, ...]) -> tuple[BlockLayout, ...]:
    blocks = _mapping(values, place, ("blocks",)).get("blocks")
    if not isinstance(blocks, list) or not blocks:
        raise place.at("blocks").wrong("must be a list of blocks, at least one; each has a kind.")
    return tuple(_block(block, place.at("blocks").at(number), widths) for number, block in enumerate(blocks))


def _block(values: object, place: Place, widths: tuple[Value, ...]) -> BlockLayout:
    if not isinstance(values, dict) or "kind" not in values:
        raise place.wrong(f'is no block: it needs a kind, one of {", ".join(BLOCKS)}, or "?".')
    kind = _cell(values["kind"], (str,), place.at("kind"), suggestions.KINDS)
    kinds = kind.values if isinstance(kind, Open) else (kind,)
    for each in kinds:
        if each not in BLOCKS:
            hint = _meant(str(each), tuple(BLOCKS))
            raise place.at("kind").wrong(
                f"there is no block {shown(each)}{hint}; there are {', '.join(BLOCKS)}."
            )
    known: dict[str, list[Any]] = {}
    for each in kinds:
        for name, info in fields_of(each).items():
            known.setdefault(name, []).append(info.type)
    written = _mapping(values, place, ("kind", "repeat", *known))
    if isinstance(kind, Open):
        written = {**_left_to_us(kinds), **written}
    for name, info in fields_of(kinds[0]).items():
        if info.required and name not in written:
            raise place.at(name).wrong('is missing; write a value, or "?" to leave it open.')
    fields = {
        name: _cell(
            written[name],
            known[name],
            place.at(name),
            widths if name == "width" else suggestions.SHARES.get(name, suggestions.BLOCK.get(name)),
            is_share=name in suggestions.SHARES,
        )
        for name in known
        if name in written
    }
    repeat = _cell(values.get("repeat", 1), (Positive,), place.at("repeat"), suggestions.REPEATS)
    return BlockLayout(kind, repeat, fields)


def _left_to_us(kinds: Sequence[Value]) -> dict[str, object]:
    """What a block of an open kind has where nothing is written."""
    infos = [info for kind in kinds for info in fields_of(kind).values()]
    return {
        info.name: OPEN if info.required else suggestions.CHOSEN_FORM[info.name]
        for info in infos
        if info.required or info.name in suggestions.CHOSEN_FORM
    }


def _part(
    struct: type[msgspec.Struct], values: object, place: Place, suggested: Mapping[str, tuple[Value, ...]]
) -> dict[str, Cell]:
    fields = _fields(struct)
    written = _mapping(values, place, tuple(fields))
    for name, info in fields.items():
        if info.required and name not in written:
            raise place.at(name).wrong('is missing; write a value, or "?" to leave it open.')
    return {
        name: _cell(value, (fields[name].type,), place.at(name), suggested.get(name))
        for name, value in written.items()
    }


def _cell(
    value: object,
    types: Sequence[Any],
    place: Place,
    suggested: tuple[Value, ...] | None,
    *,
    is_share: bool = False,
) -> Cell:
    """``value`` as a cell that each of ``types`` takes; ``suggested`` is what "?" stands for, if it can."""
    name = place.path.rpartition(".")[2]
    if value == OPEN:
        if suggested is None:
            raise place.wrong('cannot be left open as "?"; write a value, or {one_of: [...]} with your own.')
        return Open(place.path, suggested, is_share)
    named = named_values(value, place, suggestions.CHANNEL_STEP if name in suggestions.CHANNEL_FIELDS else 1)
    if named is None:
        return _checked(value, types, place)
    distinct = dict.fromkeys(_checked(each, types, place) for each in named)
    return Open(place.path, _cheapest_first(name, distinct))


def _cheapest_first(name: str, values: Mapping[Value, None]) -> tuple[Value, ...]:
    if name == "kind":
        order = suggestions.KINDS
        return tuple(sorted(values, key=lambda kind: order.index(kind) if kind in order else len(order)))
    if any(isinstance(value, str) for value in values):
        return tuple(values)
    return tuple(sorted(values, key=float, reverse=name in suggestions.FALLING))


def _checked(value: object, types: Sequence[Any], place: Place) -> Value:
    try:
        converted: list[Value] = [msgspec.convert(value, kind) for kind in types]
    except msgspec.ValidationError as error:
        wanted = next((get_args(kind) for kind in types if get_origin(kind) is Literal), None)
        hint = f"one of {', '.join(map(str, wanted))}" if wanted else "a value of that type"
        raise place.wrong(
            f"{shown(value)} cannot stand here: {error}. Write {hint}, or leave it open."
        ) from error
    return converted[0]
