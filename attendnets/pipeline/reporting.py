"""The last stage: everything that the run folder holds, as one page."""

from __future__ import annotations

from pathlib import Path

from attendnets import atomic
from attendnets.cost import cost
from attendnets.exploration.record import StudyRecord
from attendnets.export.parity import ParityReport
from attendnets.pipeline.commands import repeat_command
from attendnets.pipeline.context import Context
from attendnets.pipeline.product_stages import FinalRecord
from attendnets.quantize import QuantizationRecord
from attendnets.report import Command, DataSummary, ReportInput, render, worst_mistakes
from attendnets.run import Job, file_digest
from attendnets.training import TrainingRecord


def report_stage(context: Context) -> Path:
    """Write ``report.html`` from the records of all stages; returns its path."""
    run, job, data = context.run, context.job, context.data
    inputs = {"measure": file_digest(run.measure), "quantization": file_digest(run.quantization)}
    if run.is_finished("report", inputs) and run.report.exists():
        context.listener.skipped("report")
        return run.report
    run.require("benchmark")
    context.listener.started("report")
    folder = run.path
    with run.stage("report", inputs):
        study = run.read(run.study, StudyRecord)
        training = run.read(run.training, TrainingRecord)
        final = run.read(run.measure, FinalRecord)
        repeat = repeat_command(job, run.path, trials=study.trials, epochs=len(training.epochs))
        page = render(
            ReportInput(
                title=data.name,
                spec=context.network,
                cost=cost(context.network),
                data=DataSummary(data.name, data.digest, data.notes, data.check),
                commands=(
                    Command("the command that was given", run.record.command),
                    Command("the command that repeats its result, counted instead of timed", repeat),
                    Command(
                        "measure the file on other images", f"attendnets benchmark {folder} --data FOLDER"
                    ),
                    Command("classify images", f"attendnets predict {folder} IMAGE ..."),
                ),
                versions=run.record.versions,
                seed=job.seed,
                threads=job.threads,
                machine=run.record.machine,
                made=run.record.stages["benchmark"].finished,
                stage_seconds={name: finish.seconds for name, finish in run.record.stages.items()},
                verdict=final.verdict,
                measurement=final.measurement,
                float_top1_percent=final.float_top1_percent,
                comparison=final.comparison,
                study=None if job.network else study,
                rebuild=_rebuild_commands(job, run.path, study, epochs=len(training.epochs)),
                training=training,
                quantization=run.read(run.quantization, QuantizationRecord),
                parity=run.read(run.parity, ParityReport),
                check_page=run.check_page.name if run.check_page.exists() else "",
                mistakes=worst_mistakes(final.measurement.predictions, data.test.open(), data.classes),
            )
        )
        atomic.write_text(run.report, page)
    context.listener.finished("report", run.record.stages["report"].seconds, str(run.report))
    return run.report


def _rebuild_commands(job: Job, folder: Path, study: StudyRecord, *, epochs: int) -> dict[str, str]:
    """Digest of each candidate of the run in ``folder`` to the command that builds it beside that folder."""
    return {
        digest: repeat_command(job, folder.parent / digest, epochs=epochs, network=f"{folder}#{digest}")
        for digest in (candidate.digest for candidate in study.candidates)
    }
