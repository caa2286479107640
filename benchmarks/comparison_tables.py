"""What trained comparisons found, as rows of a table and a sentence about how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from attendnets.requirements import format_value

Figures: TypeAlias = Mapping[str, Any]
Rows: TypeAlias = tuple[tuple[str, ...], list[tuple[str, ...]], str]
"""Head, rows, and how the trainings were done."""


def block_comparison_rows(figures: Figures) -> Rows:
    """A kind of block a row: its size, its accuracy over seeds, its distance to plain convolution."""
    rows: list[tuple[str, ...]] = [
        (
            row["block"],
            format_value("parameters", row["parameters"]),
            format_value("macs", row["macs"]),
            f"{_accuracy(row['top1_percent'])}: {', '.join(f'{v:.1f}' for v in row['top1_percent_by_seed'])}",
            _difference(row),
        )
        for row in figures["rows"]
    ]
    images = figures["setting"]["test_images"]
    head = (
        "block",
        "parameters",
        "MACs",
        f"top-1 on {images:,} test images: mean over seeds, 95 % interval, each seed",
        "points beside plain convolution; seeds better, worse (McNemar, 5 %)",
    )
    return head, rows, _how(figures)


def real_images_rows(figures: Figures) -> Rows:
    """A method a row and data set: what its choices reach, trained and in 8 bits, on the test images."""
    rows: list[tuple[str, ...]] = []
    for data, part in figures["sets"].items():
        for row in part["methods"]:
            own = [run for run in part["runs"] if run["method"] == row["method"]]
            each = ", ".join(f"{run['top1_percent']:.1f}" for run in own)
            score = row["netscore"]
            rows.append(
                (
                    data,
                    row["method"],
                    f"{_accuracy(row['top1_percent'])}: {each}",
                    f"{score['mean']:.1f}{_interval(score['interval'])}",
                    f"{row['candidates']:.0f}",
                    format_value("parameters", row["parameters"]),
                    format_value("macs", row["macs"]),
                )
            )
    head = (
        *("images", "who proposes", "top-1 of the 8-bit file: mean, 95 % interval, each seed"),
        *("NetScore", "candidates", "parameters", "MACs"),
    )
    threads = figures["threads"]
    how = (
        f"Jobs of {figures['minutes']:g} minutes, 35 % of them to explore, with {threads} "
        f"thread{'' if threads == 1 else 's'}; {figures['epochs']} epochs of the final training; "
        f"`{'`, `'.join(figures['requirements'])}`, the methods in turns. Intervals are Student's over the "
        "seeds."
    )
    return head, rows, how


def softmax_gate_rows(figures: Figures) -> Rows:
    """A form of DC-AC a row: accuracy in float and in 8 bits."""
    rows: list[tuple[str, ...]] = []
    for row in figures["rows"]:
        product = row["product_top1_percent"]
        rows.append(
            (
                row["form"],
                _accuracy(row["top1_percent"]),
                _accuracy(row["int8_top1_percent"]),
                f"{_signed(row['int8_loss_percent'])}; {row['int8_changed_percent']['mean']:.1f} % of images",
                "none: it would compute in float" if product is None else _accuracy(product),
            )
        )
    head = (
        "gate, activation",
        f"float top-1 on {figures['setting']['test_images']:,} test images",
        "8 bits by ai-edge-quantizer",
        "points lost; images that fare differently",
        "our own int8 file",
    )
    return head, rows, _how(figures)


def _how(figures: Figures) -> str:
    setting = figures["setting"]
    done, asked = len(figures["runs"]), len(setting["networks"]) * setting["seeds"]
    missing = "" if figures["finished"] else f" Not finished: {done} of {asked} trainings."
    return (
        f"{len(setting['classes'])} classes of {setting['data']}, {setting['training_images']:,} training "
        f"images at {setting['image_pixels']} pixels, {setting['epochs']} epochs of one recipe, seeds 0 to "
        f"{setting['seeds'] - 1}, {figures['minutes']:.0f} minutes of training. Intervals are Student's over "
        f"the seeds.{missing}"
    )


def _accuracy(over_seeds: Figures) -> str:
    return f"{over_seeds['mean']:.1f} %{_interval(over_seeds['interval'])}"


def _signed(over_seeds: Figures) -> str:
    return f"{over_seeds['mean']:+.1f}{_interval(over_seeds['interval'])}"


def _interval(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f" ({ends[0]:.1f} to {ends[1]:.1f})"


def _difference(row: Figures) -> str:
    if "difference_percent" not in row:
        return "-"
    return f"{_signed(row['difference_percent'])}; {row['seeds_better']}, {row['seeds_worse']}"
