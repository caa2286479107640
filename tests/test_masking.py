"""Passwords are masked, and nothing else is."""

import pytest

from attendnets.masking import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:secret@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("postgresql+psycopg://me:se/cr:et@host/db", "postgresql+psycopg://me:***@host/db"),
        ("postgresql://me:se@cret@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:a secret@host/db", "postgresql://me:***@host/db"),
        ("postgresql://:secret@host/db", "postgresql://:***@host/db"),
        ("--storage=postgresql://me:secret@host/db", "--storage=postgresql://me:***@host/db"),
        ("postgresql:///db?host=/tmp&password=secret", "postgresql:///db?host=/tmp&password=***"),
        ("postgresql:///db?sslpassword=secret&user=me", "postgresql:///db?sslpassword=***&user=me"),
        ("postgresql://me@host:5432/db", "postgresql://me@host:5432/db"),
        ("sqlite:///studies.db", "sqlite:///studies.db"),
        ("postgresql://me:***@host/db", "postgresql://me:***@host/db"),
        ("weights<=100KB", "weights<=100KB"),
    ],
)
def test_a_password_is_masked_wherever_it_stands(text: str, shown: str) -> None:
    assert masked(text) == shown
