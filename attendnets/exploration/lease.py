"""One driver a study, for any database: a row that says who drives, and that somebody still does.

The row is the study's user attribute ``driver``: process, host, since when, and a count that goes up every
``BEAT_SECONDS``. It changes hands only in a single UPDATE that names the row's last known content, or in an
INSERT that the table's unique key lets one process do: whatever the database, of two that try only one has
it. Whoever finds the row watches it: a count that goes on is a driver at work, and its name is the error;
one that stands still for ``SILENCE_SECONDS`` was killed, with its machine perhaps, and the row is taken.
No clock is compared with another machine's. A driver that was stopped so long that somebody else took the
row is told so before it writes again.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import msgspec
import sqlalchemy
from sqlalchemy import Engine, column, delete, insert, select, table, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from attendnets.errors import StorageError, StudyError
from attendnets.lock import Holder

BEAT_SECONDS = 2.0
SILENCE_SECONDS = 20.0
_LOOK_SECONDS = 0.25

_ROWS = table("study_user_attributes", column("study_id"), column("key"), column("value_json"))
"""Of Optuna's schema, in which a study and the key of an attribute are unique together."""
_KEY = "driver"


class _Row(msgspec.Struct, frozen=True):
    holder: Holder
    token: str
    beats: int


class Lease:
    """See :func:`driven`."""

    def __init__(self, engine: Engine, study_id: int, what: str) -> None:
        self._engine, self._what = engine, what
        self._study_id = study_id
        self._row = _Row(Holder.here(), secrets.token_hex(8), 0)
        self._lost_to: str | None = None
        self._held_at = 0.0
        self._beating = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="driver of the study", daemon=True)

    def require(self) -> None:
        """Raise StorageError where another driver has taken the study.

        Asks the database where the last answer is so old that one may have. Raises SQLAlchemyError where
        that cannot be reached.
        """
        if _now() - self._held_at > SILENCE_SECONDS / 2:
            self._count_up()
        if self._lost_to is not None:
            raise StorageError(
                f"{self._what} was taken over by {self._lost_to} while this process stood still. Let that "
                "one go on."
            )

    def take(self) -> None:
        """Wait until the study is free. Raises StudyError naming its driver where it is not."""
        seen: str | None = None
        since = time.monotonic()
        while True:
            self._held_at = _now()
            found = self._read()
            if found is None:
                if self._insert():
                    break
            elif found != seen:
                if seen is not None:
                    raise StudyError(
                        f"{self._what} is driven by {_driver(found)}. Wait until it ends, or choose another "
                        "--study."
                    )
                seen, since = found, time.monotonic()
            elif time.monotonic() - since > SILENCE_SECONDS and self._replace(found, self._row):
                break
            time.sleep(_LOOK_SECONDS)
        self._thread.start()

    def end(self) -> None:
        """Leave the study to others."""
        self._ended.set()
        self._thread.join(SILENCE_SECONDS)
        # A server that is away cannot be told; the row stands still, which says the same.
        with suppress(SQLAlchemyError), self._engine.begin() as connection:
            connection.execute(delete(_ROWS).where(*self._is(_text(self._row))))

    def _beat(self) -> None:
        while self._lost_to is None and not self._ended.wait(BEAT_SECONDS):
            # The next beat may reach the server again; what the study writes fails by itself.
            with suppress(SQLAlchemyError):
                self._count_up()

    def _count_up(self) -> None:
        with self._beating:
            asked_at, later = _now(), msgspec.structs.replace(self._row, beats=self._row.beats + 1)
            if self._replace(_text(self._row), later):
                self._row, self._held_at = later, asked_at
            elif (found := self._read()) == _text(later):
                # Written by the last beat, whose answer was lost.
                self._row = later
            else:
                self._lost_to = "another process" if found is None else _driver(found)

    def _read(self) -> str | None:
        with self._engine.connect() as connection:
            query = select(_ROWS.c.value_json).where(*self._is())
            found: str | None = connection.execute(query).scalar_one_or_none()
            return found

    def _insert(self) -> bool:
        values = {"study_id": self._study_id, "key": _KEY, "value_json": _text(self._row)}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(_ROWS).values(values))
        except IntegrityError:
            return False
        return True

    def _replace(self, old: str, new: _Row) -> bool:
        with self._engine.begin() as connection:
            change = update(_ROWS).where(*self._is(old)).values(value_json=_text(new))
            return connection.execute(change).rowcount == 1

    def _is(self, content: str | None = None) -> tuple[sqlalchemy.ColumnElement[bool], ...]:
        row = (_ROWS.c.study_id == self._study_id, _ROWS.c.key == _KEY)
        return row if content is None else (*row, _ROWS.c.value_json == content)


@contextmanager
def driven(engine: Engine, study_id: int, what: str) -> Iterator[Lease]:
    """Be the only driver of the study with ``study_id`` in the body. ``what`` names it in messages.

    Raises StudyError naming the driver where there is one already.
    """
    lease = Lease(engine, study_id, what)
    lease.take()
    try:
        yield lease
    finally:
        lease.end()


def _now() -> float:
    """Seconds on a clock that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _text(row: _Row) -> str:
    return msgspec.json.encode(row).decode()


def _driver(text: str) -> str:
    try:
        return str(msgspec.json.decode(text, type=_Row).holder)
    except msgspec.DecodeError:
        return "another process"
