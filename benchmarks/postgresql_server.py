"""A PostgreSQL server of one's own, on a free port of this machine, gone when it is not needed any more."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PASSWORD = "not a secret/here"
_USER = "attendnets"
_SECONDS = 60.0


@dataclass(frozen=True)
class Server:
    """Where a server listens, with a password, and how to stop and continue it."""

    port: int
    process: subprocess.Popen[bytes]

    def url(self, database: str = "postgres", password: str = "not a secret%2Fhere") -> str:
        """Of a database of the server."""
        return f"postgresql://{_USER}:{password}@127.0.0.1:{self.port}/{database}"


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest of Debian's; None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def postgresql_server() -> Iterator[Server]:
    """A server for the length of the body. Raises FileNotFoundError where PostgreSQL is not installed."""
    folder = programs()
    if folder is None:
        raise FileNotFoundError("PostgreSQL is not installed: apt-get install postgresql")
    place = Path(tempfile.mkdtemp(prefix="attendnets-postgresql-", dir="/tmp"))
    # The server refuses to run as root: then as the user that its package made.
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    user, group = (account.pw_uid, account.pw_gid) if account else (None, None)
    groups = () if account else None
    process: subprocess.Popen[bytes] | None = None
    try:
        words = place / "password"
        words.write_text(PASSWORD)
        if account:
            for path in (place, words):
                os.chown(path, account.pw_uid, account.pw_gid)
        data = place / "data"
        setting = ["--auth=scram-sha-256", f"--username={_USER}", f"--pwfile={words}", "--encoding=UTF8"]
        subprocess.run(
            [folder / "initdb", "--no-sync", *setting, data],
            check=True,
            capture_output=True,
            cwd=place,
            user=user,
            group=group,
            extra_groups=groups,
        )
        port = _free_port()
        process = subprocess.Popen(
            [
                # Or it would outlive a caller that is killed.
                *("setpriv", "--pdeathsig", "QUIT"),
                *(str(folder / "postgres"), "-D", str(data), "-p", str(port), "-k", str(place)),
                *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=place,
            user=user,
            group=group,
            extra_groups=groups,
        )
        _await(folder / "pg_isready", port, process)
        yield Server(port, process)
    finally:
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGQUIT)
            process.wait()
        shutil.rmtree(place, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _await(ready: Path, port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _SECONDS
    while subprocess.run([ready, "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode != 0:
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError("PostgreSQL did not start")
        time.sleep(0.1)
