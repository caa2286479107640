"""One small build for all tests of what is seen of it."""

from __future__ import annotations

import pytest

from tests.pipeline.photographs import write_photographs
from tests.terminal.jobs import SMALL_JOB, Recorded, piped


@pytest.fixture(scope="package")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("recorded")
    photographs = write_photographs(folder / "photographs", per_class=24)
    run = folder / "run"
    done = piped("build", str(photographs), *SMALL_JOB, "--out", str(run), "--json-lines")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return Recorded(photographs, run, done.stdout)
