"""How a worker died, in words: of lack of memory, by a signal, or by an error of its own."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

ATTEMPTS = 3
"""Workers that one training may take with it; then its candidate counts as failed."""
_OUT_OF_MEMORY = ("MemoryError", "can't allocate memory", "not enough memory", "std::bad_alloc")


@dataclass(frozen=True)
class Death:
    """The end of a worker process.

    ``code`` is its exit code, a negative one the signal that ended it. ``said`` are its last words.
    ``starved``: the system ended some process for lack of memory while it worked.
    """

    code: int
    said: str = ""
    starved: bool = False

    @property
    def by_signal(self) -> bool:
        """Whether it was ended from outside, or by a crash."""
        return self.code < 0

    def __str__(self) -> str:
        if self.code == -signal.SIGKILL and self.starved:
            return "out of memory: ended by the system with SIGKILL"
        what = (
            f"ended by {signal_name(-self.code)}" if self.by_signal else f"ended with exit code {self.code}"
        )
        if any(sign in self.said for sign in _OUT_OF_MEMORY):
            what = f"out of memory: {what}"
        return f"{what}; it said last: {self.said}" if self.said else what


def signal_name(number: int) -> str:
    """Such as SIGKILL; "signal 40" for one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def killed_for_memory() -> int:
    """Processes that the system has ended for lack of memory so far; 0 where it does not say."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except FileNotFoundError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def gave_up(cause: object) -> str:
    """Why a candidate whose training took :data:`ATTEMPTS` workers with it counts as failed."""
    return f"its training took {ATTEMPTS} workers with it, the last one {cause}"
