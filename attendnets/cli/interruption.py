"""Ctrl-C, a closed terminal and a polite kill: each stops the command in order, with its own exit code."""

from __future__ import annotations

import signal
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Interruption(KeyboardInterrupt):
    """A signal that asks the command to stop, raised like Ctrl-C wherever the program is."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def obey_signals() -> None:
    """Let SIGTERM and SIGHUP raise :class:`Interruption`; where one is ignored (nohup), it stays so."""
    for number in _SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)


def interrupted(error: KeyboardInterrupt) -> tuple[str, int]:
    """What to say, and the exit code: 128 and the signal's number."""
    if isinstance(error, Interruption):
        return f"interrupted by {error}; the same command goes on where it was.", 128 + error.number
    return "interrupted; the same command goes on where it was.", 128 + signal.SIGINT


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise Interruption(number)
