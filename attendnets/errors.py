"""Every error that attendnets raises on purpose.

A message says what is wrong, where (path, row, field) and what to do about it.
``exit_code`` is what the command line returns: 2 for wrong usage or data, 3 for a failure of ours.
"""

from __future__ import annotations

from typing import ClassVar


class AttendnetsError(Exception):
    """Base of all errors raised on purpose; catching it catches them all."""

    exit_code: ClassVar[int] = 3


class UsageError(AttendnetsError):
    """An argument, a requirement or an option cannot be used as given."""

    exit_code: ClassVar[int] = 2


class SpecError(UsageError):
    """A network specification is malformed or describes a network that cannot exist."""


class DataError(UsageError):
    """A data set cannot be read, or cannot be learned from."""


class RunFolderError(UsageError):
    """A run folder does not hold what a stage needs, or belongs to another job."""


class StudyError(UsageError):
    """A study in a database belongs to another job or is in use, or its URL names no database."""


class InfeasibleError(UsageError):
    """The requirements cannot be met by any network of the design space; nothing was trained."""


class StorageError(AttendnetsError):
    """A file or database cannot be written: a full disk, a missing permission, a server that is away.

    What was finished before is kept.
    """


class TrainingError(AttendnetsError):
    """Training cannot go on."""


class WorkerError(AttendnetsError):
    """Those who train candidates cannot be started, or are out of reach. What was finished before is kept."""


class QuantizationError(AttendnetsError):
    """A network cannot be brought to 8 bits."""


class ExportError(AttendnetsError):
    """A file cannot be written, or it is not what was asked for."""


class ParityError(ExportError):
    """The exported files do not compute what the trained network computes."""


class RuntimeFailure(AttendnetsError):
    """An inference runtime is missing, or refuses a file."""
