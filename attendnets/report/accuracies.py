"""Every accuracy of a run beside the others: on one scale, and in sentences that say what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from attendnets.report import bars
from attendnets.report.bars import Reference, Share
from attendnets.report.record import ReportInput
from attendnets.report.words import counted, percent, signed

if TYPE_CHECKING:
    from attendnets.benchmark import Measurement


def chart(record: ReportInput) -> Markup | None:
    """All accuracies on one scale, with what always giving the commonest answer would reach."""
    shares = []
    if record.quantization is not None:
        q = record.quantization
        found = [("float network, validation", q.float_validation_top1_percent)]
        found.append(("int8 after training, validation", q.ptq_validation_top1_percent))
        if q.qat_validation_top1_percent is not None:
            found.append(("int8 fine-tuned, validation", q.qat_validation_top1_percent))
        shares += [Share.of_percent(name, top1, q.images, "slate") for name, top1 in found]
    references = []
    if record.measurement is not None:
        m = record.measurement
        if record.float_top1_percent is not None:
            top1 = record.float_top1_percent
            shares.append(Share.of_percent("float network, test", top1, m.images, "blue"))
        shares.append(Share.of_percent("exported int8 file, test", m.top1_percent, m.images, "chosen"))
        answer, share = _commonest(m)
        ends = [end for one in shares for end in one.interval_percent]
        # Far below all else it would press the intervals together; it stands in the text beside them.
        if share > min(ends) - max(10.0, 2 * (max(ends) - min(ends))):
            references.append(Reference(f'always "{answer}": {percent(share)}', share))
    if record.verdict is not None:
        references += [
            Reference(f"required {row.bound:g} %", row.bound, "bound")
            for row in record.verdict.rows
            if row.quantity == "top1"
        ]
    if not shares:
        return None
    words = "; ".join(f"{share.name} {share}" for share in shares)
    return bars.interval_chart(shares, references, f"Accuracies with 95 % intervals: {words}")


def notes(record: ReportInput) -> tuple[str, ...]:
    """What the accuracies mean, in sentences."""
    told = []
    if record.quantization is not None:
        q = record.quantization
        drop = q.validation_top1_percent - q.float_validation_top1_percent
        how = "quantized after training, without fine-tuning"
        if q.method == "qat":
            how = f"fine-tuned at 8 bits for {counted(q.qat_epochs, 'epoch')}"
        elif q.qat_validation_top1_percent is not None:
            how = f"quantized after training ({counted(q.qat_epochs, 'epoch')} of fine-tuning were no better)"
        told.append(
            f"The network was {how}; its ranges were calibrated on {q.calibration_images:,} training images "
            f"({q.range_rule.replace('_', ' ')}). That is {signed(drop)} points against float on the "
            f"{q.images:,} validation images."
        )
    if record.comparison is not None:
        c = record.comparison
        points = signed(c.difference_percent)
        told.append(
            f"On the same {c.images:,} test images the exported file is {points} points "
            f"from the float network: {c.only_first} images only the file gets right, {c.only_second} only "
            f"the float network (McNemar's exact test, p = {c.p_value:.2g})."
        )
    if record.measurement is not None:
        answer, share = _commonest(record.measurement)
        told.append(f'Always answering "{answer}" would be right on {percent(share)} of the test images.')
    if record.measurement is not None and record.quantization is not None:
        told.append(
            "Validation images chose the network and its weights, so their figures flatter it a little; "
            "test images chose nothing."
        )
    return tuple(told)


def _commonest(measured: Measurement) -> tuple[str, float]:
    """The class with the most test images, and the accuracy of always answering it."""
    images = [sum(row) for row in measured.confusion]
    most = max(range(len(images)), key=images.__getitem__)
    return measured.classes[most], 100.0 * images[most] / max(1, sum(images))
