"""What each section of the page says: words, numbers and charts from the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from attendnets.data import TITLES, affected, by_kind
from attendnets.exploration.objective import objective_named
from attendnets.report import (
    bars,
    candidates,
    confusion,
    curves,
    drivers,
    front,
    generators,
    influences,
    reactions,
)
from attendnets.report.bars import Reference, Share
from attendnets.report.record import ReportInput
from attendnets.report.table import shortfall_text
from attendnets.report.words import counted, interval, percent
from attendnets.requirements import format_value

if TYPE_CHECKING:
    from attendnets.benchmark import Measurement

_CLASSES_SHOWN = 20
_OPERATORS_SHOWN = 12


@dataclass(frozen=True)
class Headline:
    """The verdict in a word, in a sentence, and what to keep in mind with it."""

    word: str
    tone: str
    sentence: str
    caveat: str = ""


@dataclass(frozen=True)
class Figure:
    """One number of the product with what belongs to it."""

    name: str
    value: str
    note: str


@dataclass(frozen=True)
class OperatorShare:
    """Time of one operator, its percent of all operators' time, and of the longest operator's."""

    name: str
    milliseconds: float
    percent: float
    bar_percent: float


def headline(record: ReportInput) -> Headline:
    """What came out."""
    verdict, measured = record.verdict, record.measurement
    if verdict is None or measured is None:
        return Headline("Not measured yet", "open", "The exported file has not been measured: no verdict.")
    proof = (
        f"measured on the exported file with {measured.images:,} test images "
        "that nothing before the measurement had opened"
    )
    if not verdict.rows:
        return Headline("Built", "open", f"No requirements were given. Accuracy was {proof}.")
    count = len(verdict.rows)
    if verdict.met:
        all_of = "The requirement is" if count == 1 else f"All {count} requirements are"
        return Headline("Met", "met", f"{all_of} met, {proof}.", _caveat(record))
    missed = ", ".join(f"{row.requirement} ({shortfall_text(row)})" for row in verdict.shortfalls)
    return Headline(
        "Not met",
        "missed",
        f"{count - len(verdict.shortfalls)} of {count} requirements are met, {proof}. Not met: {missed}.",
        _caveat(record),
    )


def _caveat(record: ReportInput) -> str:
    """Where the interval of the accuracy lies on both sides of the bound, the verdict could be chance."""
    if record.verdict is None or record.measurement is None:
        return ""
    low, high = ends = record.measurement.top1_interval_percent
    for row in record.verdict.rows:
        if row.quantity == "top1" and low < row.bound <= high:
            return (
                f"The accuracy's {percent(95, 0)} interval, {interval(ends)}, lies on both sides of the "
                f"required {row.bound:g}\u00a0%: on other images the verdict may differ."
            )
    return ""


def figures(record: ReportInput) -> tuple[Figure, ...]:
    """The product in numbers; those of the exported file where it was measured, else counted ones."""
    cost, measured = record.cost, record.measurement
    prices = (
        Figure("MACs", format_value("macs", cost.macs), "convolutions and linear layers, one image"),
        Figure("parameters", format_value("parameters", cost.parameters), "trained values"),
        Figure(
            "activations",
            format_value("activations", cost.activation_bytes),
            "peak of live int8 tensors, counted",
        ),
    )
    if measured is None:
        return (
            Figure("weights", format_value("weights", cost.weights_bytes), "counted, at 8 bits"),
            Figure("arena", format_value("arena", cost.arena_bytes), "predicted for tflite-micro"),
            *prices,
        )
    return (
        Figure(
            "top-1",
            percent(measured.top1_percent),
            f"{percent(95, 0)} interval {interval(measured.top1_interval_percent)}, "
            f"{counted(measured.images, 'test image')}",
        ),
        Figure(
            "file",
            format_value("file", measured.file_bytes),
            f"of it {format_value('weights', measured.weights_bytes)} are weights",
        ),
        _arena(record.cost.arena_bytes, measured),
        Figure(
            "latency",
            format_value("latency", measured.latency_ms_median),
            f"median of {measured.latency_runs:,} runs, p95 {measured.latency_ms_p95:.2f} ms; "
            f"{measured.runtime} {measured.runtime_version}, {counted(measured.threads, 'thread')}, "
            f"{measured.processor}",
        ),
        *prices,
    )


def _arena(predicted_bytes: int, measured: Measurement) -> Figure:
    predicted = f"predicted {format_value('arena', predicted_bytes)}"
    if measured.arena_bytes is None:
        return Figure("arena", "none", f"{measured.arena_note}; {predicted}")
    error = 100.0 * (predicted_bytes - measured.arena_bytes) / measured.arena_bytes
    return Figure(
        "arena",
        format_value("arena", measured.arena_bytes),
        f"{measured.arena_runtime} {measured.arena_runtime_version}; {predicted} ({error:+.0f}\u00a0%)",
    )


def explored(record: ReportInput) -> dict[str, Any] | None:
    """The front of everything explored."""
    study = record.study
    if study is None or not study.candidates:
        return None
    bounds = {row.quantity: row.bound for row in record.verdict.rows} if record.verdict else {}
    ranked = sorted(
        study.candidates,
        key=lambda c: (c.digest != study.chosen, -c.epochs, -(c.validation_top1_percent or 0.0), c.number),
    )
    return {
        "charts": tuple(front.front_chart(study, quantity, bounds) for quantity in ("weights", "macs")),
        "candidates": ranked,
        "cards": candidates.cards(study, ranked, record.rebuild),
        "trained": sum(c.validation_top1_percent is not None for c in study.candidates),
        "failed": sum(c.state == "failed" for c in study.candidates),
        "generators": generators.generators(study),
        "objective": objective_named(study.objective).words,
        "floor": bounds.get("top1"),
        "influences": influences.influence_rows(study.influences),
        "driven": drivers.driven_requirements(study),
        "reactions": reactions.reaction_rows(study),
        "several_stages": len(study.choices.get("stages", ())) > 1,
    }


def training(record: ReportInput) -> dict[str, Any] | None:
    """Curves and recipe."""
    if record.training is None:
        return None
    best = record.training.validation_top1_percent
    return {
        "charts": (curves.accuracy_curve(record.training), curves.loss_curves(record.training)),
        "best": Share.of_percent("validation", best, record.training.validation_images),
        "loading_percent": 100.0 * record.training.loading_seconds / max(record.training.seconds, 1e-9),
        "recipe": {name: _setting(value) for name, value in asdict(record.training.recipe).items()},
    }


def _times(operator_ms: Sequence[tuple[str, float]]) -> list[OperatorShare]:
    total = sum(milliseconds for _, milliseconds in operator_ms) or 1.0
    longest = max((milliseconds for _, milliseconds in operator_ms), default=0.0) or 1.0
    return [OperatorShare(name, ms, 100 * ms / total, 100 * ms / longest) for name, ms in operator_ms]


def _setting(value: object) -> str:
    if value is None:
        return "chosen by the machine"
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def tested(record: ReportInput) -> dict[str, Any] | None:
    """What the exported file got right and wrong, and where its time goes."""
    m = record.measurement
    if m is None:
        return None
    classes = [
        Share(name, m.confusion[row][row], sum(m.confusion[row]))
        for row, name in enumerate(m.classes)
        if sum(m.confusion[row])
    ]
    worst = sorted(classes, key=lambda share: share.percent)[:_CLASSES_SHOWN]
    return {
        "confusion": confusion.confusion_chart(m.confusion, m.classes),
        "wide": len(m.classes) > confusion.NUMBERED,
        "mixings": confusion.largest_mixings(m.confusion, m.classes),
        "classes": bars.interval_chart(
            worst, [Reference("all classes", m.top1_percent)], "Accuracy of each class"
        ),
        "omitted": len(classes) - len(worst),
        "wrong": m.images - sum(m.confusion[row][row] for row in range(len(m.classes))),
        "times": _times(m.operator_ms),
        "times_total": sum(milliseconds for _, milliseconds in m.operator_ms),
        "slowest": sorted(_times(m.operator_ms), key=lambda time: -time.milliseconds)[:_OPERATORS_SHOWN],
        "threads": counted(m.threads, "thread"),
    }


def data(record: ReportInput) -> dict[str, Any]:
    """Images by class and split, and what the check found."""
    check = record.data.check
    splits = [split for split in ("train", "validation", "test") if split in check.counts]
    findings = {TITLES[kind]: affected(found) for kind, found in by_kind(check).items()}
    if check.ignored_files:
        findings["other files, ignored"] = check.ignored_files
    totals: Mapping[str, int] = {split: sum(check.counts[split].values()) for split in splits}
    return {"splits": splits, "totals": totals, "findings": findings}


def built(record: ReportInput) -> dict[str, Any]:
    """Seconds of the stages beside their sum."""
    total = sum(record.stage_seconds.values())
    stages = [(stage, s, 100.0 * s / total if total else 0.0) for stage, s in record.stage_seconds.items()]
    return {"stages": stages, "total": total}
