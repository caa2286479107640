"""Commands run as people and programs run them, and the events of a job told again to a listener."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyte

from attendnets.pipeline import CandidateTrained, EpochTrained, Listener, Step

ROOT = Path(__file__).resolve().parents[2]
Event = Mapping[str, Any]
SMALL_JOB = (
    "--require",
    "weights<=60KB",
    "--trials",
    "3",
    "--epochs",
    "12",
    "--minutes",
    "1",
    "--threads",
    "1",
)


def command(*words: str) -> list[str]:
    """``attendnets`` with ``words``, for a process of its own."""
    return [sys.executable, "-m", "attendnets", *words]


def environment(**changes: str) -> dict[str, str]:
    """Without what would overrule the size or the kind of the terminal."""
    kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR")}
    return kept | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color"} | changes


def piped(*words: str) -> subprocess.CompletedProcess[str]:
    """Run to the end with output in pipes."""
    return subprocess.run(command(*words), capture_output=True, text=True, env=environment(), check=False)


def events_of(output: str) -> list[dict[str, Any]]:
    """JSON lines, parsed."""
    return [json.loads(line) for line in output.splitlines()]


def tell(listener: Listener, events: Iterable[Event]) -> None:
    """Call ``listener`` as the job did whose JSON lines these are."""
    for event in events:
        fields = {key: value for key, value in event.items() if key not in ("event", "time")}
        match event["event"]:
            case "step":
                listener.step(Step(**fields))
            case "candidate":
                listener.candidate(CandidateTrained(**fields))
            case "epoch":
                listener.epoch(EpochTrained(**fields))
            case "result" | "error":
                pass
            case kind:
                getattr(listener, kind)(**fields)


class Terminal:
    """A pseudo-terminal of ``columns`` x ``rows`` and what a person would see on it."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.controller, self.device = pty.openpty()
        fcntl.ioctl(self.device, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen = pyte.HistoryScreen(columns, rows, history=1000)
        self._stream = pyte.ByteStream(self.screen)
        self._idle, self._closed = threading.Event(), threading.Event()
        # A terminal that nobody reads blocks whoever writes to it once its buffer is full.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while not self._closed.is_set():
            ready, _, _ = select.select([self.controller], [], [], 0.02)
            if ready:
                self._stream.feed(os.read(self.controller, 1 << 16))
            else:
                self._idle.set()

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, empty lines left out."""
        self._idle.clear()
        self._idle.wait()
        return [line.rstrip() for line in self.screen.display if line.strip()]

    @property
    def history(self) -> list[str]:
        """What has scrolled away, then what stands on the screen."""
        lines = self.lines
        gone = ["".join(row[x].data for x in range(self.columns)).rstrip() for row in self.screen.history.top]
        return [*gone, *lines]

    def close(self) -> None:
        """As when its window is closed: whoever writes there gets an error."""
        self._closed.set()
        self._reader.join()
        for descriptor in (self.controller, self.device):
            os.close(descriptor)


@dataclass(frozen=True)
class Recorded:
    """A small job that was run to its end with JSON lines."""

    photographs: Path
    run: Path
    output: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """All its events."""
        return events_of(self.output)
