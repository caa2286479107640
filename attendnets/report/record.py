"""What a report is made of: the typed records of all stages, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attendnets.cost import Cost
from attendnets.report.pictures import Mistake
from attendnets.requirements import Verdict
from attendnets.spec import NetworkSpec

# Reading a record costs nothing; importing the stages that make them costs seconds.
if TYPE_CHECKING:
    from attendnets.benchmark import Measurement
    from attendnets.data import CheckReport
    from attendnets.exploration.record import StudyRecord
    from attendnets.export.parity import ParityReport
    from attendnets.quantize import QuantizationRecord
    from attendnets.statistics import PairedTest
    from attendnets.training import TrainingRecord


@dataclass(frozen=True)
class DataSummary:
    """The data set of a run: the fields of a ``DataSet`` that hold no samples."""

    name: str
    digest: str
    notes: tuple[str, ...]
    check: CheckReport


@dataclass(frozen=True)
class Command:
    """A line for a shell, and what it is for."""

    purpose: str
    line: str


@dataclass(frozen=True)
class ReportInput:
    """All that a report tells; what is None or empty is left out of it.

    ``commands``: the command that was given first, then those that repeat it or a stage of it.
    ``stage_seconds``: stage to seconds, in order. ``float_top1_percent`` is the float network's accuracy
    on the images of ``measurement``; ``comparison`` tests the exported file (first) against it (second).
    ``rebuild``: digest of a candidate to the command that builds it anew; it may lack some.
    ``made`` is when, in words. ``mistakes`` come from :func:`attendnets.report.worst_mistakes`.
    ``check_page`` is the address of the check's own page, beside the report.
    """

    title: str
    spec: NetworkSpec
    cost: Cost
    data: DataSummary
    commands: tuple[Command, ...]
    versions: Mapping[str, str]
    seed: int
    threads: int
    machine: str = ""
    made: str = ""
    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    verdict: Verdict | None = None
    measurement: Measurement | None = None
    float_top1_percent: float | None = None
    comparison: PairedTest | None = None
    study: StudyRecord | None = None
    rebuild: Mapping[str, str] = field(default_factory=dict)
    training: TrainingRecord | None = None
    quantization: QuantizationRecord | None = None
    parity: ParityReport | None = None
    mistakes: tuple[Mistake, ...] = ()
    check_page: str = ""
