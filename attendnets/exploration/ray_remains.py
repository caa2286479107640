"""The folder of a Ray of our own, and a guard that leaves nothing of that Ray behind.

    python -m attendnets.exploration.ray_remains FOLDER

The guard waits for its input to end, which it does with the process that began it, however that ends. Of Ray
itself some agents would go on for minutes after a kill, and its folder for ever.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Not where TMPDIR says: paths of sockets may have 107 letters, and Ray adds 80.
_PLACE = "/tmp"


@contextmanager
def own_folder() -> Iterator[Path]:
    """A new folder. Gone after the body or this process, as are all others that have files of it open."""
    folder = Path(tempfile.mkdtemp(prefix="attendnets-ray-", dir=_PLACE))
    command = [sys.executable, "-m", "attendnets.exploration.ray_remains", str(folder)]
    # In a session of its own: what ends all of the terminal's processes is what it is there for.
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield folder
    finally:
        guard.communicate()


def remove(folder: Path, spared: int) -> None:
    """End all processes but ``spared`` that have a file of ``folder`` open, and remove it."""
    while processes := set(processes_of(folder)) - {spared}:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def processes_of(folder: Path) -> list[int]:
    """Processes that have a file of ``folder`` open: all of Ray's, whose command lines hide what they are."""
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and any(file.is_relative_to(folder) for file in _open_files(entry))
    ]


def _open_files(process: Path) -> Iterator[Path]:
    with suppress(OSError):  # it has ended meanwhile, or is another user's
        for descriptor in (process / "fd").iterdir():
            yield descriptor.readlink()


def main() -> None:
    """Guard the folder that is named."""
    sys.stdin.buffer.read()
    # Where the one that is guarded for is there still, it waits for this one.
    remove(Path(sys.argv[1]), spared=os.getppid())


if __name__ == "__main__":
    main()
