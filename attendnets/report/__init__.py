"""What a job found, for people: one self-contained page, and plain text for a terminal.

    page = render(ReportInput(title="elpv", spec=spec, cost=cost(spec), ...))

Every part that a run does not have (yet) is left out of the page. Nothing here reads a run folder.
"""

from attendnets.report.architecture import network_svg
from attendnets.report.check_page import render_check
from attendnets.report.page import render
from attendnets.report.pictures import Mistake, worst_mistakes
from attendnets.report.record import Command, DataSummary, ReportInput
from attendnets.report.table import cost_table, verdict_table

__all__ = [
    "Command",
    "DataSummary",
    "Mistake",
    "ReportInput",
    "cost_table",
    "network_svg",
    "render",
    "render_check",
    "verdict_table",
    "worst_mistakes",
]
