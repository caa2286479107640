"""The style sheets beside this file."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

_HERE = Path(__file__).parent


def style(*names: str) -> Markup:
    """The sheets of these names, one after the other: "palette", "figures", "page"."""
    return Markup("").join(Markup((_HERE / f"{name}.css").read_text(encoding="utf-8")) for name in names)
