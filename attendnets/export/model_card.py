"""The model card: what the bundle is, what it can do, and what nobody should ask of it."""

from __future__ import annotations

from pathlib import Path

import jinja2
import msgspec

from attendnets import atomic
from attendnets.benchmark import Measurement
from attendnets.data import Preprocessing
from attendnets.errors import ExportError
from attendnets.export.facts import CARD, ModelFacts, read_facts

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("attendnets", "export"),
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,  # Markdown, not HTML
)


def model_card(facts: ModelFacts, preprocessing: Preprocessing, measurement: Measurement | None) -> str:
    """The card as Markdown; without a measurement it says that there is none."""
    return _TEMPLATES.get_template("model_card.md.j2").render(
        facts=facts, preprocessing=preprocessing, measured=measurement
    )


def write_model_card(folder: Path, measurement: Measurement) -> None:
    """Write the card of a bundle again, with what was measured on its file.

    Raises ExportError when the folder is no whole bundle.
    """
    path = folder / "preprocessing.json"
    try:
        preprocessing = msgspec.json.decode(path.read_bytes(), type=Preprocessing)
    except (OSError, msgspec.DecodeError) as error:
        raise ExportError(f"{path} cannot be read ({error}): export again.") from error
    atomic.write_text(folder / CARD, model_card(read_facts(folder), preprocessing, measurement))
