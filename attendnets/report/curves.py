"""A training, epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from attendnets.report.axes import BOTTOM, LEFT, RIGHT, TOP, chart, frame, polyline
from attendnets.report.svg import Scale, around, element, title
from attendnets.report.words import percent

if TYPE_CHECKING:
    from attendnets.training import TrainingRecord

_LABEL_ROOM = 74.0


def accuracy_curve(record: TrainingRecord) -> Markup:
    """Validation accuracy over epochs; the epoch whose weights were kept is marked."""
    x = _epochs(record, RIGHT - 8)
    tops = [epoch.validation_top1_percent for epoch in record.epochs]
    y = around(tops, BOTTOM, TOP, least=5, within=(0, 100))
    best = next(epoch for epoch in record.epochs if epoch.epoch == record.best_epoch)
    place = x(best.epoch), y(best.validation_top1_percent)
    anchor = "end" if place[0] > (LEFT + RIGHT) / 2 else "start"
    words = f"epoch {best.epoch}: {percent(best.validation_top1_percent)}, kept"
    return chart(
        _frame(x, y, "top-1 on validation, %"),
        polyline([(x(e.epoch), y(e.validation_top1_percent)) for e in record.epochs], "blue"),
        element("circle", title(words), cx=place[0], cy=place[1], r=5, class_="dot within"),
        element("text", words, x=place[0], y=place[1] - 10, class_=f"{anchor} halo"),
        label=f"Validation accuracy over {len(record.epochs)} epochs; {words}",
    )


def loss_curves(record: TrainingRecord) -> Markup:
    """What was minimised and the plain validation loss, over epochs."""
    x = _epochs(record, RIGHT - _LABEL_ROOM)
    curves = {
        "training": ([epoch.train_loss for epoch in record.epochs], "amber"),
        "validation": ([epoch.validation_loss for epoch in record.epochs], "blue"),
    }
    y = around([loss for losses, _ in curves.values() for loss in losses], BOTTOM, TOP, least=0.05)
    drawn = []
    heights = {name: y(losses[-1]) for name, (losses, _) in curves.items()}
    apart = 13 - abs(heights["training"] - heights["validation"])
    for name, (losses, colour) in curves.items():
        points = [(x(epoch.epoch), y(loss)) for epoch, loss in zip(record.epochs, losses, strict=True)]
        drawn.append(polyline(points, colour))
        lower = heights[name] == max(heights.values())
        height = heights[name] + (max(0.0, apart) / 2) * (1 if lower else -1) + 4
        drawn.append(element("text", name, x=points[-1][0] + 7, y=height, class_=f"start {colour}"))
    return chart(
        _frame(x, y, "loss, nats"),
        *drawn,
        label=f"Training and validation loss over {len(record.epochs)} epochs",
    )


def _epochs(record: TrainingRecord, end: float) -> Scale:
    return Scale(record.epochs[0].epoch, record.epochs[-1].epoch, LEFT + 10, end)


def _frame(x: Scale, y: Scale, y_name: str) -> Markup:
    whole = Scale(x.low, x.high, x.start, x.end)
    return frame(whole, y, x_name="epoch", y_name=y_name, x_text=_epoch)


def _epoch(value: float) -> str:
    return f"{value:g}" if float(value).is_integer() else ""
