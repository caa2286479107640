"""What people and programs see of a job: a live view, a line an event, or JSON lines; tables of results."""

from attendnets.terminal.json_lines import JsonLines
from attendnets.terminal.lines import Lines
from attendnets.terminal.live import LiveView, Screen
from attendnets.terminal.state import JobState
from attendnets.terminal.tables import measurement_table, prediction_table
from attendnets.terminal.until_closed import UntilClosed
from attendnets.terminal.words import clock, printable

__all__ = [
    "JobState",
    "JsonLines",
    "Lines",
    "LiveView",
    "Screen",
    "UntilClosed",
    "clock",
    "measurement_table",
    "prediction_table",
    "printable",
]
