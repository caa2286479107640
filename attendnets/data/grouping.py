"""Which images belong together by their names or by a column: one patient, one module, one film."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from attendnets.data.folder import Record
from attendnets.errors import UsageError

_COLUMN = "column:"


@dataclass(frozen=True)
class Grouping:
    """What ``--group-by`` says: a pattern for names, or the column of a CSV file; one of both."""

    text: str
    pattern: re.Pattern[str] | None
    column: str | None

    def key(self, record: Record) -> str | None:
        """The group of an image, None where it has none: it is then a group of its own."""
        if self.pattern is None:
            return record.group or None
        found = self.pattern.search(record.name)
        if found is None:
            return None
        return (found.group(1) if self.pattern.groups else found.group()) or None


def parse_grouping(text: str) -> Grouping:
    """Read ``--group-by``: ``column:NAME``, or else a regular expression.

    Raises :class:`UsageError` with the position of what is no regular expression.
    """
    if text.startswith(_COLUMN):
        column = text.removeprefix(_COLUMN).strip().lower()
        if not column:
            raise UsageError(f"--group-by {text}: name the column, as in column:patient")
        return Grouping(text, None, column)
    try:
        return Grouping(text, re.compile(text), None)
    except re.error as error:
        where = "" if error.pos is None else f" at position {error.pos}"
        raise UsageError(
            f"--group-by {text!r}: not a regular expression ({error.msg}{where}); correct it, or name a CSV "
            "column as column:NAME"
        ) from error


def keys(grouping: Grouping, records: Iterable[Record]) -> Mapping[str, str | None]:
    """The group of every image by its name.

    Raises :class:`UsageError` where no image has one.
    """
    found = {record.name: grouping.key(record) for record in records}
    if found and all(key is None for key in found.values()):
        reason = (
            f"the column {grouping.column} is empty in all lines; fill it in"
            if grouping.pattern is None
            else f"it matches no name (the first is {next(iter(found))!r}); correct it, or name a CSV column "
            "as column:NAME"
        )
        raise UsageError(f"--group-by {grouping.text!r}: {reason}")
    return found
