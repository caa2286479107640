"""What each section of the page says: words, numbers and charts from the records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from attendnets.report import bars, confusion, curves, front
from attendnets.report.bars import Share
from attendnets.report.record import ReportInput
from attendnets.report.table import shortfall_text
from attendnets.requirements import format_value

if TYPE_CHECKING:
    from attendnets.benchmark import Measurement

_CLASSES_SHOWN = 40


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
    low, high = record.measurement.top1_interval_percent
    for row in record.verdict.rows:
        if row.quantity == "top1" and low < row.bound <= high:
            return (
                f"The accuracy's 95 % interval, {low:.1f} to {high:.1f} %, lies on both sides of the "
                f"required {row.bound:g} %: on other images the verdict may differ."
            )
    return ""


def figures(record: ReportInput) -> tuple[Figure, ...]:
    """The product in numbers; those of the exported file where it was measured, else counted ones."""
    cost, measured = record.cost, record.measurement
    counted = (
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
            *counted,
        )
    low, high = measured.top1_interval_percent
    predicted = 100.0 * (cost.arena_bytes - measured.arena_bytes) / measured.arena_bytes
    return (
        Figure(
            "top-1",
            f"{measured.top1_percent:.1f} %",
            f"95 % interval {low:.1f} to {high:.1f} %, {measured.images:,} test images",
        ),
        Figure(
            "file",
            format_value("file", measured.file_bytes),
            f"of it {format_value('weights', measured.weights_bytes)} are weights",
        ),
        Figure(
            "arena",
            format_value("arena", measured.arena_bytes),
            f"{measured.arena_runtime} {measured.arena_runtime_version}; predicted {predicted:+.0f} %",
        ),
        Figure(
            "latency",
            format_value("latency", measured.latency_ms_median),
            f"median, p95 {measured.latency_ms_p95:.2f} ms; {measured.runtime} {measured.runtime_version}, "
            f"{_threads(measured.threads)}, this machine",
        ),
        *counted,
    )


def accuracy_chart(record: ReportInput) -> Markup | None:
    """All accuracies on one scale, with what always giving the commonest answer would reach."""
    shares = []
    if record.quantization is not None:
        q = record.quantization
        before = [("float network, validation", q.float_validation_top1_percent)]
        before.append(("int8 after training, validation", q.ptq_validation_top1_percent))
        if q.method == "qat":
            before.append(("int8 fine-tuned, validation", q.validation_top1_percent))
        shares += [Share.of_percent(name, percent, q.images, "slate") for name, percent in before]
    marks: list[tuple[str, float]] = []
    if record.measurement is not None:
        m = record.measurement
        if record.float_top1_percent is not None:
            percent = record.float_top1_percent
            shares.append(Share.of_percent("float network, test", percent, m.images, "blue"))
        shares.append(Share.of_percent("exported int8 file, test", m.top1_percent, m.images, "chosen"))
        answer, percent = _commonest(m)
        marks.append((f'always "{answer}": {percent:.1f} %', percent))
    if record.verdict is not None:
        marks += [
            (f"required {row.bound:g} %", row.bound) for row in record.verdict.rows if row.quantity == "top1"
        ]
    if not shares:
        return None
    words = "; ".join(f"{share.name} {share}" for share in shares)
    return bars.interval_chart(shares, marks, f"Accuracies with 95 % intervals: {words}")


def accuracy_notes(record: ReportInput) -> tuple[str, ...]:
    """What the accuracies mean, in sentences."""
    notes = []
    if record.quantization is not None:
        q = record.quantization
        drop = q.validation_top1_percent - q.float_validation_top1_percent
        how = "quantized after training"
        if q.method == "qat":
            how = f"fine-tuned at 8 bits for {q.qat_epochs} epochs"
        notes.append(
            f"The network was {how}, its ranges calibrated on {q.calibration_images:,} training images: "
            f"{drop:+.1f} points against float on the {q.images:,} validation images."
        )
    if record.comparison is not None:
        c = record.comparison
        notes.append(
            f"On the same {c.images:,} test images the exported file is {c.difference_percent:+.1f} points "
            f"from the float network: {c.only_first} images only the file gets right, {c.only_second} only "
            f"the float network (McNemar's exact test, p = {c.p_value:.2g})."
        )
    if record.measurement is not None and record.quantization is not None:
        notes.append(
            "Validation images chose the network and its weights, so their figures flatter it a little; "
            "test images chose nothing."
        )
    return tuple(notes)


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
        "trained": sum(c.validation_top1_percent is not None for c in study.candidates),
        "failed": sum(c.state == "failed" for c in study.candidates),
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
        "recipe": asdict(record.training.recipe),
    }


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
        "mixings": confusion.largest_mixings(m.confusion, m.classes),
        "classes": bars.interval_chart(worst, [("all", m.top1_percent)], "Accuracy of each class"),
        "omitted": len(classes) - len(worst),
        "wrong": m.images - sum(m.confusion[row][row] for row in range(len(m.classes))),
        "times": bars.time_bars(m.operator_ms) if m.operator_ms else None,
        "times_total": sum(milliseconds for _, milliseconds in m.operator_ms),
        "threads": _threads(m.threads),
    }


def data(record: ReportInput) -> dict[str, Any]:
    """Images by class and split, and what the check found."""
    check = record.data.check
    splits = [split for split in ("train", "validation", "test") if split in check.counts]
    findings = {
        "unreadable, left out": len(check.unreadable),
        "groups of exact duplicates": len(check.duplicates),
        "duplicates under different labels": len(check.label_conflicts),
        "duplicates across given splits": len(check.split_leaks),
        "other files, ignored": check.ignored_files,
    }
    totals: Mapping[str, int] = {split: sum(check.counts[split].values()) for split in splits}
    return {"splits": splits, "totals": totals, "findings": findings}


def built(record: ReportInput) -> dict[str, Any]:
    """Seconds of the stages beside their sum."""
    total = sum(record.stage_seconds.values())
    stages = [(stage, s, 100.0 * s / total if total else 0.0) for stage, s in record.stage_seconds.items()]
    return {"stages": stages, "total": total}


def duration(seconds: float) -> str:
    """"0.42 s", "12.3 s", "4 min 05 s", "1 h 02 min"."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _threads(threads: int) -> str:
    return f"{threads} thread{'' if threads == 1 else 's'}"


def _commonest(measured: Measurement) -> tuple[str, float]:
    """The class with the most test images, and the accuracy of always answering it."""
    images = [sum(row) for row in measured.confusion]
    most = max(range(len(images)), key=images.__getitem__)
    return measured.classes[most], 100.0 * images[most] / max(1, sum(images))
