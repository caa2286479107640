"""The live view: a screen of a running job that is drawn again in place."""

from __future__ import annotations

import threading
from typing import NoReturn

from rich.console import Console, ConsoleRenderable, Group, RenderHook
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType, Segment
from rich.text import Text

from attendnets.pipeline import CandidateTrained, EpochTrained, Listener, Step
from attendnets.run import Stage
from attendnets.terminal.state import JobState
from attendnets.terminal.view import summary, view
from attendnets.terminal.words import printable

_TICK_SECONDS = 0.5


class _AtOnce(RenderHook):
    """Asks the terminal to show a drawing when it is whole; those that cannot ignore it."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Put the marks of a synchronised update around."""
        return [_control("\x1b[?2026h"), *renderables, _control("\x1b[?2026l")]


def _control(codes: str) -> Control:
    control = Control()
    control.segment = Segment(codes, None, [(ControlType.CARRIAGE_RETURN,)])
    return control


class Screen(Console):
    """A console that leaves it to its caller what happens when nobody reads it any more."""

    def on_broken_pipe(self) -> NoReturn:
        """Raise the BrokenPipeError that was met."""
        raise


class LiveView(Listener):
    """Draws the job's state until :meth:`close`; then each stage's line stays where the view was.

    The clocks go on between events: a thread draws twice a second. What it cannot write is raised to
    whoever tells of the next event.
    """

    def __init__(self, console: Console, state: JobState) -> None:
        self.console, self.state = console, state
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._failure: OSError | None = None
        self.live = Live(
            console=console,
            get_renderable=self._drawn,
            auto_refresh=False,
            transient=True,
            vertical_overflow="crop",
        )
        self._at_once = _AtOnce()
        self._ticker = threading.Thread(target=self._tick, name="live view", daemon=True)

    def open(self) -> None:
        """Start drawing."""
        self.live.start(refresh=True)
        # After the live display's own, so that it goes around what that makes.
        self.console.push_render_hook(self._at_once)
        self._ticker.start()

    def close(self) -> None:
        """Take the view away and leave the stages' lines."""
        if self._closing.is_set():
            return
        self._closing.set()
        if self._ticker.is_alive():
            self._ticker.join()
        if self.live.is_started:
            self.console.pop_render_hook()
            self.live.stop()
            self.console.print(summary(self.state))

    def started(self, stage: Stage) -> None:
        """See :class:`Listener`."""
        with self._lock:
            self.state.started(stage)
        self._draw()

    def skipped(self, stage: Stage) -> None:
        """See :class:`Listener`."""
        with self._lock:
            self.state.skipped(stage)
        self._draw()

    def step(self, step: Step) -> None:
        """See :class:`Listener`. Drawn with the next tick: steps may come by the thousand."""
        with self._lock:
            self.state.step(step)
        self._raise_failure()

    def candidate(self, candidate: CandidateTrained) -> None:
        """See :class:`Listener`."""
        with self._lock:
            self.state.candidate(candidate)
        self._raise_failure()

    def chosen(self, digest: str) -> None:
        """See :class:`Listener`."""
        with self._lock:
            self.state.chosen(digest)
        self._raise_failure()

    def epoch(self, epoch: EpochTrained) -> None:
        """See :class:`Listener`."""
        with self._lock:
            self.state.epoch(epoch)
        self._raise_failure()

    def planned(self, seconds_left: float) -> None:
        """See :class:`Listener`."""
        with self._lock:
            self.state.planned(seconds_left)
        self._raise_failure()

    def finished(self, stage: Stage, seconds: float, text: str) -> None:
        """See :class:`Listener`."""
        with self._lock:
            self.state.finished(stage, seconds, text)
        self._draw()

    def note(self, text: str) -> None:
        """See :class:`Listener`. It stays above the view."""
        self._raise_failure()
        self.console.print(Text(f"note: {printable(text)}"))

    def _drawn(self) -> Group:
        width, height = self.console.size
        with self._lock:
            return Group(*view(self.state, width, height - 1, encoding=self.console.encoding))

    def _draw(self) -> None:
        self._raise_failure()
        self.live.refresh()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _tick(self) -> None:
        while not self._closing.wait(_TICK_SECONDS):
            try:
                self.live.refresh()
            except OSError as error:
                self._failure = error
                return
