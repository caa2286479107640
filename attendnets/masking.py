"""Passwords never leave the process: what is written, printed or logged has ``***`` in their place."""

from __future__ import annotations

import re

MASK = "***"

# Up to the last @, whatever lies between: a password may hold what should have been written %40 or %20.
_OF_A_USER = re.compile(r"(://[^:/?#@\s]*:).*(?=@)", re.DOTALL)
_IN_A_QUERY = re.compile(r"([?&][^=&\s]*(?:pass|pwd|secret|token)[^=&\s]*=)[^&]*", re.IGNORECASE)


def masked(text: str) -> str:
    """A URL, or a word of a command that holds one, with ``***`` for its passwords; other text as it is.

    Also for one in the query, such as ``?password=``.
    """
    return _IN_A_QUERY.sub(rf"\g<1>{MASK}", _OF_A_USER.sub(rf"\g<1>{MASK}", text))
