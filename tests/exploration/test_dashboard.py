"""optuna-dashboard opens the journal of a study that runs, and shows what is known so far."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from attendnets.exploration.evaluation import ShortTraining
from attendnets.spec import NetworkSpec, from_json
from tests.exploration.test_study import Landscape, run

PROGRAM = shutil.which("optuna-dashboard", path=str(Path(sys.executable).parent))


class Asked:
    """What the dashboard's interface says of the study in ``journal``."""

    def __init__(self, journal: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.port = taken.getsockname()[1]
        assert PROGRAM is not None
        words = [PROGRAM, str(journal), "--port", str(self.port), "--server", "wsgiref", "--quiet"]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def get(self, path: str) -> Any:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
                    return json.load(answer)
            except urllib.error.URLError:
                assert self.process.poll() is None, "the dashboard has ended"
                time.sleep(0.2)


@pytest.mark.skipif(PROGRAM is None, reason="not installed: pip install attendnets[dashboard]")
def test_the_dashboard_opens_a_running_study_from_its_journal(tmp_path: Path) -> None:
    journal = tmp_path / "study.journal"
    said: dict[str, Any] = {}

    class Watched(Landscape):
        def __call__(self, spec: NetworkSpec, epochs: int) -> ShortTraining:
            # Nine short trainings and two of the next rung are done, and this one is going on.
            if len(self.calls) == 11:
                dashboard = Asked(journal)
                try:
                    said["studies"] = dashboard.get("/api/studies")
                    said["study"] = dashboard.get("/api/studies/0")
                finally:
                    dashboard.process.kill()
                    dashboard.process.wait()
            return super().__call__(spec, epochs)

    record = run(Watched(), journal)
    assert [study["study_name"] for study in said["studies"]["study_summaries"]] == ["attendnets"]
    assert said["study"]["objective_names"] == ["NetScore"]
    trials = said["study"]["trials"]
    assert [trial["state"] for trial in trials] == ["Running"] * 9
    assert sum(len(trial["intermediate_values"]) for trial in trials) == 11
    for trial, candidate in zip(trials, record.candidates, strict=True):
        texts = {attribute["key"]: attribute["value"] for attribute in trial["user_attrs"]}
        assert from_json(texts["spec"]) == candidate.spec
        assert json.loads(texts["figures"]).items() <= candidate.figures.items()
