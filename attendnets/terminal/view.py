"""A running job on one screen of any size: stages, progress, the best so far, time left, the front."""

from __future__ import annotations

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from attendnets.requirements import format_value
from attendnets.run import Stage
from attendnets.terminal.front import BEST, OTHER, front_lines
from attendnets.terminal.state import JobState, StageState
from attendnets.terminal.words import clock, printable

_SIGNS = {"waiting": "·", "current": "▸", "done": "✓", "kept": "✓"}
_STYLES = {"waiting": "dim", "current": "bold", "done": "green", "kept": "green"}
_BAR, _REST = "━", "╌"
_NARROW = 60
_MOST_PLOT_ROWS, _MOST_PLOT_WIDTH = 14, 100
_IN_ASCII = str.maketrans(
    {
        "·": ".",
        "▸": ">",
        "✓": "+",
        _BAR: "=",
        _REST: "-",
        BEST: "#",
        OTHER: "o",
        "│": "|",
        "└": "+",
        "─": "-",
        "…": "~",
    }
)


def view(state: JobState, width: int, height: int, *, encoding: str = "utf-8") -> list[Text]:
    """At most ``height`` lines of at most ``width`` cells; with ``encoding`` other than UTF, plain ASCII."""
    lines = _stages(state, width)
    below = [line for line in (_best(state, width), _job(state, width)) if line is not None]
    if len(lines) + len(below) + 1 > height:
        lines = _few_stages(state, width)
    if len(lines) + len(below) + 1 <= height:
        lines = [*lines, Text(""), *below]
        room = min(height - len(lines) - 1, _MOST_PLOT_ROWS)
        plot = front_lines(list(state.points.values()), min(width, _MOST_PLOT_WIDTH), room)
        lines += [Text(""), *plot] if plot else []
    lines = lines[:height]
    for line in lines:
        _shorten(line, width)
        if not encoding.startswith("utf"):
            line.plain = printable(line.plain.translate(_IN_ASCII), encoding)
            _shorten(line, width)
    return lines


def summary(state: JobState) -> Table:
    """What stays on the screen when the view is gone: a row for each stage that was begun, in full."""
    rows = Table.grid(padding=(0, 1))
    for stage, known in state.stages.items():
        if known.kind == "done":
            text = f"{known.text} [{clock(known.seconds)}]"
        elif known.kind == "kept":
            text = known.text
        elif known.kind == "current":
            words = state.progress()[0]
            text = "not finished" + (f": {words}" if words else "")
        else:
            continue
        rows.add_row(Text(stage), Text(printable(text)))
    return rows


def _shorten(line: Text, width: int) -> None:
    line.truncate(width, overflow="ellipsis")


def _stages(state: JobState, width: int) -> list[Text]:
    return [_stage(state, stage, known, width) for stage, known in state.stages.items()]


def _few_stages(state: JobState, width: int) -> list[Text]:
    """Only the current stage has a line of its own."""
    done = [stage for stage, known in state.stages.items() if known.kind in ("done", "kept")]
    waiting = [stage for stage, known in state.stages.items() if known.kind == "waiting"]
    lines = []
    if state.current is not None:
        lines.append(_stage(state, state.current, state.stages[state.current], width))
    if done:
        lines.append(Text(f"{_SIGNS['done']} {', '.join(done)}", style=_STYLES["done"]))
    if waiting:
        lines.append(Text(f"{_SIGNS['waiting']} {', '.join(waiting)}", style=_STYLES["waiting"]))
    return lines


def _stage(state: JobState, stage: Stage, known: StageState, width: int) -> Text:
    line = Text(f"{_SIGNS[known.kind]} {stage:<9} ", style=_STYLES[known.kind])
    if known.kind == "waiting":
        return line
    if known.kind == "current" and width < _NARROW:
        words, _, left = state.progress()
        return line.append(("" if left is None else f"{clock(left)} left, ") + printable(words), "default")
    seconds = state.clock() - known.seconds if known.kind == "current" else known.seconds
    line = Text.assemble(line, f"{'' if known.kind == 'kept' else clock(seconds):>10}  ")
    if known.kind != "current":
        line.append(printable(known.text), style="default")
        return line
    words, share, left = state.progress()
    end = "" if left is None else f"  {clock(left)} left"
    if share is not None:
        cells = 10 if width < 100 else 20
        full = round(share * cells)
        line.append(_BAR * full, style="green")
        line.append(_REST * (cells - full) + "  ", style="dim")
    line.append(printable(words), style="default")
    room = width - cell_len(end)
    if end and room > 30:
        line.truncate(room, overflow="ellipsis", pad=True)
        line.append(end, style="bold")
    return line


def _best(state: JobState, width: int) -> Text | None:
    best = state.best
    epoch = state.best_epoch
    if best is None and epoch is None:
        return None
    parts: list[str] = []
    if epoch is not None:
        parts = [f"{epoch.validation_top1_percent:.1f} % at epoch {epoch.epoch}"]
    elif best is not None:
        parts = [f"{best.top1_percent:.1f} % on validation"]
    if best is not None:
        parts += [
            f"weights {format_value('weights', best.weights_bytes)}",
            f"candidate {best.number}",
            f"{format_value('macs', best.macs)} MACs",
            state.digests[best.number],
        ]
    label = "best so far" if state.chosen_number is None else "chosen"
    line = Text(f"{label:<13}" if width >= _NARROW else f"{label.split()[0]} ", style="bold")
    text = parts[0]
    for part in parts[1:]:
        if len(line) + len(text) + len(part) + 2 <= width:
            text += f", {part}"
    return line.append(text, style="default")


def _job(state: JobState, width: int) -> Text:
    line = Text("job          " if width >= _NARROW else "job ", style="bold")
    left = state.seconds_left
    line.append(f"{clock(state.clock() - state.began)} so far", style="not bold")
    if left is not None:
        about = f"about {clock(left)} left" if left > 0 else "nearly done"
        short = len(line) + len(about) + 2 > width
        line = Text(about) if short else line.append(f", {about}", style="not bold")
    return line
