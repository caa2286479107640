"""On a terminal: the stages, the best so far, the time left and the front, on screens of any size."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator

import pytest
from rich.cells import cell_len
from rich.console import Console

from attendnets.pipeline import CandidateTrained, Step
from attendnets.run import STAGES
from attendnets.terminal import JobState, LiveView
from attendnets.terminal.front import Point, front
from attendnets.terminal.view import view
from tests.terminal.jobs import Recorded, Terminal, command, environment, tell

Open = Callable[[int, int], Terminal]


@pytest.fixture
def terminal() -> Iterator[Open]:
    opened: list[Terminal] = []

    def open_terminal(columns: int, rows: int) -> Terminal:
        opened.append(Terminal(columns, rows))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.close()


def live(terminal: Terminal) -> LiveView:
    file = os.fdopen(os.dup(terminal.device), "w", encoding="utf-8")
    console = Console(file=file, force_terminal=True, width=terminal.columns, height=terminal.rows)
    shown = LiveView(console, JobState(STAGES))
    shown.open()
    return shown


def until(recorded: Recorded, kind: str, stage: str) -> list[dict[str, object]]:
    events = recorded.events
    end = next(i for i, e in enumerate(events) if e["event"] == kind and e.get("stage") == stage)
    return events[: end + 1]


def test_the_screen_shows_stages_best_time_left_and_front(recorded: Recorded, terminal: Open) -> None:
    screen = terminal(80, 24)
    shown = live(screen)
    tell(shown, until(recorded, "started", "quantize"))
    lines = [line for line in screen.lines if not line.startswith("note: ")]
    shown.close()
    assert [line.split()[:2] for line in lines[:7]] == [
        ["✓", "check"],
        ["✓", "explore"],
        ["✓", "train"],
        ["▸", "quantize"],
        ["·", "export"],
        ["·", "benchmark"],
        ["·", "report"],
    ]
    best = max(e["validation_top1_percent"] for e in recorded.events if e["event"] == "epoch")
    assert any(line.startswith("chosen") and f"{best:.1f} %" in line and "weights" in line for line in lines)
    assert any("so far, about" in line and line.endswith("left") for line in lines)
    plot = "\n".join(lines[lines.index(next(line for line in lines if line.startswith("validation"))) :])
    assert plot.count("◆") >= 2
    assert "KB" in plot


def test_the_view_is_drawn_in_place_and_its_lines_stay_at_the_end(recorded: Recorded, terminal: Open) -> None:
    screen = terminal(80, 24)
    shown = live(screen)
    shown.note("the licence forbids selling\x1b[2J [red]names[/red]")
    tell(shown, (event for event in recorded.events if event["event"] != "note"))
    assert screen.lines[0] == "note: the licence forbids selling\\x1b[2J [red]names[/red]"
    assert screen.screen.cursor.hidden
    shown.close()
    lines = screen.history
    assert lines[0].startswith("note: the licence")
    assert [line.split()[0] for line in lines[1:] if not line.startswith(" ")] == list(STAGES)
    assert not screen.screen.cursor.hidden


@pytest.mark.parametrize(("columns", "rows"), [(40, 24), (40, 12), (80, 6), (20, 4), (200, 60)])
def test_no_size_of_terminal_breaks_it(recorded: Recorded, terminal: Open, columns: int, rows: int) -> None:
    screen = terminal(columns, rows)
    shown = live(screen)
    for event in recorded.events:
        tell(shown, [event])
        if event["event"] == "finished" and event["stage"] == "explore":
            assert any("explore" in line for line in screen.lines)
            assert sum(line.startswith("chosen") for line in screen.history) <= 1
    shown.close()
    text = " ".join(" ".join(screen.history).split())
    for stage in STAGES:
        assert stage in text


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_a_view_keeps_to_its_size_at_every_moment(recorded: Recorded, encoding: str) -> None:
    state = JobState(STAGES)
    for event in recorded.events:
        tell(state, [event])
        for width in (8, 20, 40, 59, 60, 80, 131):
            for height in (1, 3, 7, 12, 23, 50):
                lines = view(state, width, height, encoding=encoding)
                assert 0 < len(lines) <= height
                assert all(cell_len(line.plain) <= width for line in lines)
                assert all(line.plain.encode(encoding) is not None for line in lines)


def test_names_of_wide_letters_and_control_characters_keep_the_view_whole() -> None:
    state = JobState(STAGES)
    state.started("check")
    state.step(Step("check", "名前" * 40 + "\n\x1b[31m", 1, 2, 5.0))
    lines = view(state, 60, 20)
    assert all(cell_len(line.plain) <= 60 and line.plain.isprintable() for line in lines)


def test_clocks_run_between_events() -> None:
    now = 100.0
    state = JobState(STAGES, clock=lambda: now)
    state.started("explore")
    state.step(Step("explore", "5 candidates", 30.0, 60.0, 30.0))
    state.planned(90.0)
    assert (state.progress(), state.seconds_left) == (("5 candidates", 0.5, 30.0), 90.0)
    now += 15.0
    assert (state.progress(), state.seconds_left) == (("5 candidates", 0.75, 15.0), 75.0)
    now += 1000.0
    assert (state.progress(), state.seconds_left) == (("5 candidates", 1.0, 0.0), 0.0)


def test_a_command_of_one_stage_tells_nothing_of_the_whole_job() -> None:
    state = JobState(("check", "train"))
    state.planned(90.0)
    assert state.seconds_left is None


def test_a_candidate_stands_where_its_longest_training_brought_it() -> None:
    state = JobState(STAGES)
    for rung, top1 in ((1, 60.0), (2, 72.0)):
        state.candidate(CandidateTrained(4, "ab", rung, 3, 3 * rung, top1, 9000, 1_000_000, 9000))
    state.candidate(CandidateTrained(5, "cd", 1, 3, 3, None, 9000, 1_000_000, 8000))
    assert state.points == {4: Point(4, 72.0, 9000, 1_000_000)}
    assert state.best == state.points[4]


def test_the_front_holds_what_no_smaller_network_equals() -> None:
    points = [
        Point(i, top1, weights, 0)
        for i, (top1, weights) in enumerate([(70, 50), (60, 20), (60, 30), (65, 60)])
    ]
    assert [p.number for p in front(points)] == [1, 0]


def test_a_build_in_a_terminal_leaves_its_lines_and_the_result(recorded: Recorded, terminal: Open) -> None:
    screen = terminal(80, 24)
    build = subprocess.Popen(
        command("train", str(recorded.run)), stdout=screen.device, stderr=screen.device, env=environment()
    )
    assert build.wait() == 0
    text = [line for line in screen.history if not line.startswith("note: ")]
    assert [line.split()[0] for line in text if not line.startswith(" ")] == ["check", "train"]
    assert "finished before, kept" in text[-1]
    assert not screen.screen.cursor.hidden
