"""The study's journal: a file of one JSON line an event, which survives being cut off anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import BaseJournalFileLock

from attendnets import atomic
from attendnets.errors import RunFolderError
from attendnets.exploration.place import begun, other_context
from attendnets.exploration.trials import Trials

STUDY_NAME = "attendnets"


class _FolderIsLocked(BaseJournalFileLock):
    """No lock of the journal's own: whoever writes holds the run folder, and a kill leaves nothing behind."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


@dataclass(frozen=True)
class JournalFile:
    """See :class:`attendnets.exploration.place.StudyPlace`. Whoever opens it holds the run folder."""

    path: Path

    @contextmanager
    def opened(self, context: str) -> Iterator[Trials]:
        """The trials in the file, which is made where it is missing."""
        with atomic.storing(self.path):
            yield Trials(open_journal(self.path, context))


def open_journal(path: Path, context: str) -> optuna.Study:
    """The study in ``path``, begun there where it is missing. ``context`` names its data and its job.

    A last line that was cut off by a kill or a full disk is dropped: its event is done again. Raises
    RunFolderError for the journal of another job and for lines that are no journal's, StorageError where
    it cannot be written.
    """
    _mend(path)
    with atomic.storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            study = begun(
                JournalStorage(JournalFileBackend(str(path), lock_obj=_FolderIsLocked())), STUDY_NAME
            )
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            raise RunFolderError(_damaged(path, f"events do not fit together: {error!r}")) from error
        difference = other_context(study, context)
    if difference:
        raise RunFolderError(
            f"{path} holds a study of another job: {difference}. "
            "Choose another run folder, or delete that file."
        )
    return study


def _mend(path: Path) -> None:
    if not path.exists():
        return
    lines = path.read_bytes().split(b"\n")
    cut = lines.pop()
    for number, line in enumerate(lines, 1):
        try:
            msgspec.json.decode(line, type=dict[str, object])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RunFolderError(_damaged(path, f"line {number}: {error}")) from error
    if cut:
        atomic.write_bytes(path, b"".join(line + b"\n" for line in lines))


def _damaged(path: Path, what: str) -> str:
    return (
        f"{path} is not a study's journal any more ({what}). Put the file back as it was, or delete it and "
        "the exploration begins anew."
    )
