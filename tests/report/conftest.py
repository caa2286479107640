"""A browser for the tests of pages; they are skipped where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.report.chromium import BROWSER, Chromium, Open, Page, Reader, chromium, open_page


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """One browser for all tests."""
    if BROWSER is None:
        pytest.skip("no chromium: apt-get install chromium")
    with chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def look(browser: Chromium) -> Iterator[Open]:
    """Opens a file as a :class:`Reader` does; the pages are closed after the test."""
    pages: list[Page] = []

    def opened(path: Path, reader: Reader | None = None) -> Page:
        pages.append(open_page(browser, path, reader or Reader()))
        return pages[-1]

    yield opened
    for page in pages:
        page.close()
