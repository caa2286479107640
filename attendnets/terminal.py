"""What a person sees: progress of a job, tables of results. On a terminal live, in a pipe a line an event."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from attendnets.benchmark import Measurement
from attendnets.pipeline import FinalRecord, ImagePrediction, Listener, Step
from attendnets.requirements import format_value
from attendnets.run import Stage


class TerminalListener(Listener):
    """Prints a line when a stage ends; between, on a terminal, a bar with the time left."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.progress: Progress | None = None
        self.task: TaskID | None = None
        self.stage: Stage | None = None

    def started(self, stage: Stage) -> None:
        """See :class:`Listener`."""
        self._clear()
        self.stage = stage
        if self.console.is_terminal:
            self.progress = Progress(
                TextColumn("{task.fields[stage]:<9}"),
                BarColumn(bar_width=30),
                TextColumn("{task.description}"),
                TimeElapsedColumn(),
                TextColumn("{task.fields[left]}"),
                console=self.console,
                transient=True,
            )
            self.task = self.progress.add_task("", stage=stage, left="", total=None)
            self.progress.start()
        else:
            self.console.print(f"{stage}: started", highlight=False)

    def step(self, step: Step) -> None:
        """See :class:`Listener`."""
        if self.progress is None or self.task is None:
            return
        left = "" if step.seconds_left is None else f"{_clock(step.seconds_left)} left"
        self.progress.update(
            self.task, description=step.text, completed=step.done, total=step.total, left=left
        )

    def skipped(self, stage: Stage) -> None:
        """See :class:`Listener`."""
        self._clear()
        self._line(stage, "finished before, kept")

    def finished(self, stage: Stage, seconds: float, text: str) -> None:
        """See :class:`Listener`."""
        self._clear()
        self._line(stage, f"{text} [{_clock(seconds)}]")

    def note(self, text: str) -> None:
        """See :class:`Listener`."""
        self.console.print(Text(f"  note: {text}"))

    def _line(self, stage: Stage, text: str) -> None:
        self.console.print(Text(f"{stage:<9} {text}"))

    def _clear(self) -> None:
        if self.progress is not None:
            self.progress.stop()
        self.progress = self.task = None


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def measurement_table(measurement: Measurement, record: FinalRecord | None = None) -> Table:
    """Accuracy with its interval and image count, bytes, arena and latency with their runtimes."""
    low, high = measurement.top1_interval_percent
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_row(
        "top-1", f"{measurement.top1_percent:.2f} % ({low:.1f} to {high:.1f}) on {measurement.images} images"
    )
    if record is not None:
        comparison = record.comparison
        table.add_row(
            "float",
            f"{record.float_top1_percent:.2f} % on the same images; difference "
            f"{comparison.difference_percent:+.2f} points (McNemar p = {comparison.p_value:.2g})",
        )
    table.add_row("file", format_value("file", measurement.file_bytes))
    table.add_row("weights", format_value("weights", measurement.weights_bytes))
    if measurement.arena_bytes is not None:
        arena = f"{measurement.arena_runtime} {measurement.arena_runtime_version}"
        table.add_row("arena", f"{format_value('arena', measurement.arena_bytes)} ({arena})")
    table.add_row(
        "latency",
        f"{measurement.latency_ms_median:.2f} ms median, {measurement.latency_ms_p95:.2f} ms 95th percentile "
        f"({measurement.runtime} {measurement.runtime_version}, {measurement.threads} thread, this machine)",
    )
    return table


def prediction_table(predictions: tuple[ImagePrediction, ...]) -> Table:
    """One line an image."""
    table = Table(box=None, pad_edge=False)
    for heading in ("image", "class", "confidence"):
        table.add_column(heading)
    for row in predictions:
        table.add_row(Text(row.image), Text(row.predicted), f"{100 * row.confidence:.1f} %")
    return table
