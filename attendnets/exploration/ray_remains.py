"""The folder of a Ray of our own, and what is left of one whose process was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Not where TMPDIR says: paths of sockets may have 107 letters, and Ray adds 80.
_PLACE = Path("/tmp")
_PREFIX = "attendnets-ray-"


@contextmanager
def own_folder() -> Iterator[Path]:
    """A new folder that is removed after the body; those of processes that were killed are removed before.

    Whose process lives is told by a lock, which the system takes back from the dead.
    """
    for left in _PLACE.glob(f"{_PREFIX}*"):
        _remove_if_left(left)
    new = Path(tempfile.mkdtemp(prefix=".attendnets-", dir=_PLACE))
    held = os.open(new, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    # Under its name only when it is held: another process would take it for one that is left.
    folder = new.rename(new.with_name(new.name.replace(".attendnets-", _PREFIX)))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def _remove_if_left(folder: Path) -> None:
    try:
        if folder.stat().st_uid != os.getuid():
            return
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    finally:
        os.close(descriptor)
    for process in processes_of(folder):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def processes_of(folder: Path) -> list[int]:
    """Processes whose command names ``folder``."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if os.fsencode(folder) in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found
