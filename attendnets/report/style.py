"""The style sheets and the script beside this file."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from markupsafe import Markup

_HERE = Path(__file__).parent


def style(*names: str) -> Markup:
    """The sheets of these names, one after the other: "palette", "figures", "cards", "page"."""
    return Markup("").join(Markup((_HERE / f"{name}.css").read_text(encoding="utf-8")) for name in names)


def script(*names: str) -> Markup:
    """The scripts of these names, one after the other, as they stand inside their element."""
    return Markup("").join(Markup((_HERE / f"{name}.js").read_text(encoding="utf-8")) for name in names)


def security_policy(code: Markup | None = None) -> str:
    """What a page may do: show itself and the pictures inside it, run ``code`` and nothing else.

    ``code`` is the whole text between the tags, since a browser compares its hash.
    """
    allowed = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )
    if code is None:
        return allowed
    seal = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    return f"{allowed}; script-src 'sha256-{seal}'"
