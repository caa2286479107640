"""Tables of results, for people."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from attendnets.benchmark import Measurement
from attendnets.pipeline import FinalRecord, ImagePrediction
from attendnets.requirements import format_value
from attendnets.terminal.words import printable


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
        table.add_row(
            Text(printable(row.image)), Text(printable(row.predicted)), f"{100 * row.confidence:.1f} %"
        )
    return table
