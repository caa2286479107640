"""README's tables of workers: two against one, and what is left when they are killed."""

from __future__ import annotations

from benchmarks.comparison_tables import Figures, Rows

_NAMES = {
    "processes": "our own processes",
    "ray": "Ray on this machine",
    "postgresql": "our own processes, study in PostgreSQL",
}


def ray_speed_rows(figures: Figures) -> Rows:
    """Two workers against one, a way to work a row."""
    rows: list[tuple[str, ...]] = [
        (_NAMES[way], f"{ratio['median']:.2f} ({ratio['lowest']:.2f} to {ratio['highest']:.2f})")
        for way, ratio in figures["ratios"].items()
    ]
    head = (
        f"{figures['candidates']} candidates, {figures['epochs']} epochs each, one thread a training",
        f"{figures['workers']} workers against one, times as fast (range)",
    )
    rounds = min(len(each) for each in figures["rounds"].values())
    return head, rows, f"Median of {rounds} rounds, in turns. Starting the workers is not in it."


def worker_soak_rows(figures: Figures) -> Rows:
    """What was seen of disturbed explorations, a way to work a column."""
    ways = figures["ways"]
    questions = {
        "workers killed": "workers_killed",
        "explorations killed, and begun again": "explorations_killed",
        "trainings in all": "trainings",
        "trainings lost or changed": "lost",
        "trainings done twice": "doubled",
        "candidates failed": "failed",
        "processes left behind": "left",
    }
    rows = [
        (question, *(str(soak[key]) for soak in ways.values())) for question, key in questions.items()
    ] + [
        (
            "records equal to that of an exploration left alone",
            *(f"{soak['equal']} of {soak['explorations']}" for soak in ways.values()),
        )
    ]
    head = (
        f"`kill -9` of a worker every {figures['every_seconds']:g} s for {figures['minutes']:g} minutes",
        *(_NAMES[way] for way in ways),
    )
    return (
        head,
        rows,
        f"Explorations of {figures['trials']} candidates with two workers, one after the other.",
    )
