"""One writer a folder: the second is told who is first, and a killed one leaves the way free."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from attendnets.errors import RunFolderError
from attendnets.lock import LOCK_NAME, exclusive

HOLD = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from attendnets.lock import exclusive\n"
    "with exclusive(Path(sys.argv[1])):\n"
    "    print('held', flush=True)\n"
    "    time.sleep(600)\n"
)


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_the_second_process_is_refused_and_the_first_named(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    try:
        named = rf"in use by process {holder.pid} on \S+ since 20"
        with pytest.raises(RunFolderError, match=named), exclusive(tmp_path / "run"):
            pass
    finally:
        holder.kill()
        holder.wait()


def test_a_killed_process_leaves_the_folder_free(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "run" / LOCK_NAME).exists()
    with exclusive(tmp_path / "run"):
        pass
    assert not (tmp_path / "run" / LOCK_NAME).exists()


def test_the_thread_that_holds_a_folder_may_enter_again_and_another_may_not(tmp_path: Path) -> None:
    refused: list[RunFolderError] = []

    def enter() -> None:
        try:
            with exclusive(tmp_path):
                pass
        except RunFolderError as error:
            refused.append(error)

    with exclusive(tmp_path), exclusive(tmp_path / "." / "sub" / ".."):
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
    assert len(refused) == 1 and f"process {os.getpid()}" in str(refused[0])
    enter()
    assert len(refused) == 1


def test_a_folder_into_which_nothing_was_put_is_not_left_behind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="bad"), exclusive(tmp_path / "runs" / "new"):
        raise ValueError("bad")
    assert list(tmp_path.iterdir()) == []
    with exclusive(tmp_path / "runs" / "new"):
        (tmp_path / "runs" / "new" / "file").write_text("kept")
    assert [path.name for path in (tmp_path / "runs" / "new").iterdir()] == ["file"]


def test_of_many_that_come_at_once_one_at_a_time_is_inside(tmp_path: Path) -> None:
    inside, most, refused = 0, 0, 0
    counting = threading.Lock()

    def enter() -> None:
        nonlocal inside, most, refused
        for _ in range(50):
            try:
                with exclusive(tmp_path / "run"):
                    with counting:
                        inside += 1
                        most = max(most, inside)
                    time.sleep(0)
                    with counting:
                        inside -= 1
            except RunFolderError:
                refused += 1

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1 and refused < 200
