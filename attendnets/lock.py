"""One writer a folder: whoever comes second is told who was first.

The lock is the operating system's (flock), so that a killed process leaves none behind.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

import msgspec

from attendnets.errors import RunFolderError
from attendnets.masking import masked

LOCK_NAME = ".lock"
_held = threading.local()


class Holder(msgspec.Struct, frozen=True):
    """Who holds a folder, or drives a study."""

    process: int
    host: str
    since: str
    command: str

    @classmethod
    def here(cls) -> Holder:
        """This process, from now on."""
        command = " ".join([Path(sys.argv[0]).name, *map(masked, sys.argv[1:])])
        return cls(os.getpid(), socket.gethostname(), time.strftime("%Y-%m-%d %H:%M:%S %z"), command)

    def __str__(self) -> str:
        return f"process {self.process} on {self.host} since {self.since} ({self.command})"


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold ``folder`` alone in the body; the thread that holds it may enter again.

    The folder is made where missing, and removed again if nothing was put into it. Raises RunFolderError
    naming the holder where another process or thread has it, or where it cannot be written.
    """
    key = os.path.realpath(folder)
    held: set[str] = _held.__dict__.setdefault("folders", set())
    if key in held:
        yield
        return
    missing = [part for part in (folder, *folder.parents) if not part.exists()]
    file = _acquire(folder)
    held.add(key)
    try:
        yield
    finally:
        held.discard(key)
        # Removed while still held: whoever opened it meanwhile sees that its name is gone and tries again.
        (folder / LOCK_NAME).unlink(missing_ok=True)
        file.close()
        for part in missing:
            try:
                part.rmdir()
            except OSError:  # it holds files now, or is another's already
                break


def _acquire(folder: Path) -> TextIOWrapper:
    path = folder / LOCK_NAME
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = path.open("a+", encoding="utf-8")
        except FileNotFoundError:
            continue  # the one before has just removed the folder that was empty
        except OSError as error:
            raise RunFolderError(
                f"{folder} cannot be written: {error.strerror}. Choose another --out."
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            text = _read(file)
            file.close()
            raise RunFolderError(
                f"{folder} is in use by {text}. Wait until it ends, or choose another --out."
            ) from None
        if _is_current(file, path):
            break
        file.close()
    try:
        file.truncate(0)
        file.write(msgspec.json.encode(Holder.here()).decode())
        file.flush()
    except OSError as error:
        file.close()
        raise RunFolderError(f"{path} cannot be written: {error.strerror}. Make room there.") from error
    return file


def _is_current(file: TextIOWrapper, path: Path) -> bool:
    try:
        return os.fstat(file.fileno()).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False


def _read(file: TextIOWrapper) -> str:
    file.seek(0)
    try:
        return str(msgspec.json.decode(file.read(), type=Holder))
    except msgspec.DecodeError:
        return "another process"
