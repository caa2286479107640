"""The page: typed records in, one self-contained HTML document out."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from attendnets.report import accuracies, bars, drawing, marks, sections
from attendnets.report.record import ReportInput
from attendnets.report.style import script, security_policy, style
from attendnets.report.table import CostLine, measured_text, shape_text, shortfall_text
from attendnets.report.words import counted, duration, percent
from attendnets.requirements import format_value
from attendnets.spec import digest

_HERE = Path(__file__).parent


def render(record: ReportInput) -> str:
    """The report as HTML that asks for nothing outside itself: styles, drawings and pictures are inside.

    Parts of ``record`` that are None or empty have no section. All texts are escaped.
    """
    template = environment().get_template("page.html.j2")
    code = script("page", "generators")
    return template.render(
        r=record,
        style=style("palette", "figures", "page", "cards", "generators"),
        script=code,
        security_policy=security_policy(code),
        digest=digest(record.spec),
        headline=sections.headline(record),
        figures=sections.figures(record),
        accuracies=accuracies.chart(record),
        accuracy_notes=accuracies.notes(record),
        panels=drawing.draw_panels(record.spec),
        key=marks.key(drawing.operations(record.spec)),
        cost_lines=tuple(CostLine.of(row) for row in record.cost.rows),
        input_shape=shape_text(record.cost.rows[0].in_shape),
        explored=sections.explored(record),
        training=sections.training(record),
        tested=sections.tested(record),
        data=sections.data(record),
        built=sections.built(record),
    )


def environment() -> Environment:
    """Templates beside this file, all texts escaped."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=lambda number: f"{number:,}",
        figure=lambda value, quantity: format_value(quantity, value),
        percent=percent,
        duration=duration,
        counted=counted,
        measured=measured_text,
        shortfall=shortfall_text,
        margin=bars.margin_bar,
    )
    return environment
