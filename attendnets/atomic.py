"""Writing files so that a reader, or a kill, never meets half of one.

Every write goes to a temporary file in the target's own folder, is flushed to the disk, and then
takes the target's name in one step. A disk that is full or read-only is a :class:`StorageError`.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np

from attendnets.errors import StorageError

_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EFBIG)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; on a clean exit it becomes ``path``, on an error it is removed.

    Missing parent folders are made. For writers that need a path of their own (safetensors, memory maps);
    :func:`write_bytes` and :func:`write_text` are shorter for the rest.
    """
    # The suffix stays last: some writers choose their format by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}-{secrets.token_hex(4)}.partial{path.suffix}")
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turn the body's errors of a disk that cannot be written into StorageError naming ``path``."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        raise StorageError(
            f"{path} cannot be written: {error.strerror}. Make room there, or set its permissions, and give "
            "the same command again: what is finished is kept."
        ) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path``, whole or not at all. Missing parent folders are made."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8 with the line ends it has, whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: object) -> None:
    """Write ``value`` as indented JSON with a final newline, whole or not at all.

    Takes what msgspec takes (dataclasses, Structs, dicts, tuples, numbers) and, beside that, paths
    (as text with forward slashes) and numpy scalars. Not-a-number becomes ``null``.
    """
    encoded = msgspec.json.encode(value, enc_hook=_encode_more)
    write_bytes(path, msgspec.json.format(encoded, indent=2) + b"\n")


def _encode_more(value: object) -> object:
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _sync_folder(folder: Path) -> None:
    # A rename is durable only when the folder that records it is on the disk as well.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
