"""A study in a database: Optuna's tables, behind any URL that SQLAlchemy and a driver for it understand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from optuna.storages._rdb.models import StudyModel
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from attendnets.errors import StorageError, StudyError, UsageError
from attendnets.exploration.lease import driven
from attendnets.exploration.place import begun, other_context
from attendnets.exploration.trials import Trials
from attendnets.masking import MASK, masked

CONNECT_SECONDS = 10
_EXAMPLES = "such as postgresql://me@host:5432/studies or sqlite:///studies.db"


@dataclass(frozen=True)
class Database:
    """See :class:`attendnets.exploration.place.StudyPlace`: the study called ``study`` behind ``url``.

    Any number of studies share a database. One driver a study: :mod:`attendnets.exploration.lease`.
    """

    url: str = field(repr=False)
    study: str

    @contextmanager
    def opened(self, context: str) -> Iterator[Trials]:
        """The trials in the database, whose tables are made where they are missing."""
        what = f"The study {self.study!r} in {masked(self.url)}"
        with self._reached():
            storage = self._storage()
            try:
                study = begun(storage, self.study)
                with driven(storage.engine, study._study_id, what) as lease:
                    trials = Trials(study, lease.require)
                    difference = other_context(study, context)
                    if difference:
                        raise StudyError(
                            f"{what} is of another job: {difference}. Choose another --study, or leave it "
                            "out and the name follows from the job."
                        )
                    yield trials
            finally:
                storage.engine.dispose()

    def require(self) -> None:
        """Raise StudyError unless there is such a study already, StorageError where that cannot be known."""
        with self._reached():
            if self._holds():
                return
        raise StudyError(
            f"{masked(self.url)} holds no study {self.study!r}. Give the --storage that this run's study "
            "has moved to; where none was begun yet, begin another run."
        )

    def _holds(self) -> bool:
        """Whether the study is there; nothing is made where it is not, no file and no tables."""
        url = parsed_url(self.url)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
            return False
        engine = sqlalchemy.create_engine(url, connect_args=_connecting(url))
        try:
            if not sqlalchemy.inspect(engine).has_table(StudyModel.__tablename__):
                return False
            ours = StudyModel.study_name == self.study
            with engine.connect() as connection:
                found = connection.execute(sqlalchemy.select(StudyModel.study_name).where(ours))
                return found.first() is not None
        finally:
            engine.dispose()

    def _storage(self) -> RDBStorage:
        url = parsed_url(self.url)
        # Optuna formats the URL as a template.
        template = url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")
        try:
            return RDBStorage(template, {"pool_pre_ping": True, "connect_args": _connecting(url)})
        except RuntimeError as error:
            raise StudyError(
                f"{masked(self.url)}: its tables are of another version of Optuna ({masked(str(error))})"
            ) from error

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, StorageInternalError) as error:
            cause = error.__cause__ if isinstance(error, StorageInternalError) else error
            said = masked(" ".join(str(getattr(cause, "orig", cause)).split()))
            raise StorageError(
                f"The study's storage {masked(self.url)} cannot be used: {said.rstrip('.')}. Set that right "
                "and give the same command again: what is finished is kept."
            ) from error


def same_database(one: str, other: str) -> bool:
    """Whether two URLs are of one database, whoever asks it and how."""
    urls = parsed_url(one), sqlalchemy.make_url(other)
    first, second = ((u.get_backend_name(), u.host, u.port, u.database) for u in urls)
    return first == second


def _connecting(url: sqlalchemy.URL) -> dict[str, int]:
    waits = url.get_backend_name() == "postgresql" and "connect_timeout" not in url.query
    return {"connect_timeout": CONNECT_SECONDS} if waits else {}


def parsed_url(text: str) -> sqlalchemy.URL:
    """``text`` as the URL of a database whose driver is installed.

    A masked password is left out, so that the driver looks for it where it does (~/.pgpass, PGPASSWORD).
    Raises UsageError where it is no such URL, or where nothing would be kept.
    """
    try:
        url = sqlalchemy.make_url(text)
        dialect = url.get_dialect()
    except NoSuchModuleError:
        raise UsageError(
            f"--storage {masked(text)}: there is no database of that kind; give a URL {_EXAMPLES}."
        ) from None
    except (ArgumentError, ValueError):
        # Not shown: where a password stands in it is not known.
        raise UsageError(f"--storage: this is not the URL of a database; give one {_EXAMPLES}.") from None
    try:
        dialect.import_dbapi()
    except ImportError as error:
        extra = url.get_backend_name() == "postgresql"
        install = '"attendnets[postgresql]"' if extra else str(error.name)
        raise UsageError(
            f"--storage {masked(text)}: its driver {error.name} is not installed. "
            f"Install it: pip install {install}"
        ) from None
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise UsageError(f"--storage {text}: a study in memory is not kept; give a URL {_EXAMPLES}.")
    hidden = [name for name, value in url.query.items() if value == MASK]
    return (url.set(password="") if url.password == MASK else url).difference_update_query(hidden)
