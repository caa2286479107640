"""What exploration and training report of themselves, told to the listener as events of the whole job."""

from __future__ import annotations

from collections.abc import Callable

from attendnets.exploration.record import Candidate, StudyProgress, StudyRecord
from attendnets.exploration.short_training import TRAINING_IMAGES
from attendnets.exploration.study import REDUCTION
from attendnets.pipeline import planning
from attendnets.pipeline.context import Context
from attendnets.pipeline.listener import CandidateTrained, EpochTrained, Listener, Step
from attendnets.training import Progress, Rollback


def told_study(context: Context, rung_epochs: tuple[int, ...]) -> Callable[[StudyProgress], None]:
    """Tell ``context``'s listener of a study that is going on."""
    job, listener = context.job, context.listener
    images = len(context.data.learning.train)
    spent = context.run.seconds
    # Of all sittings: what an earlier one did is told again, training by training.
    done = 0

    def tell(progress: StudyProgress) -> None:
        nonlocal done
        last = progress.last
        if last is not None:
            if last.state != "failed":
                done += last.epochs
            listener.candidate(_candidate(last, len(rung_epochs), progress.earlier))
            if last.error is not None:
                listener.note(f"Candidate {last.number} failed: {last.error}")
        if progress.earlier:
            return
        epoch_seconds = progress.seconds / done if done else None
        left = progress.seconds_left
        if job.trials is not None:
            total = max(done, _expected_epochs(job.trials, rung_epochs))
            left = None if epoch_seconds is None else (total - done) * epoch_seconds
            listener.step(Step("explore", _words(progress), done, total, left))
        elif left is not None:
            listener.step(Step("explore", _words(progress), progress.seconds, progress.seconds + left, left))
        if left is None or (job.epochs is not None and epoch_seconds is None):
            return
        training = planning.train_seconds(job, spent + progress.seconds + left)
        if training is None:
            assert job.epochs is not None
            assert epoch_seconds is not None
            training = job.epochs * epoch_seconds * images / min(images, TRAINING_IMAGES)
        listener.planned(left + training + planning.FINISH_SECONDS)

    return tell


def tell_again(context: Context, record: StudyRecord) -> None:
    """Tell of a study that was finished before: its candidates and its choice."""
    for candidate in (c for c in record.candidates if c.state != "given"):
        context.listener.candidate(_candidate(candidate, len(record.rung_epochs), earlier=True))
    context.listener.chosen(record.chosen)


def tell_fidelities(listener: Listener, record: StudyRecord) -> None:
    """Tell how well the study's short trainings foretold longer ones, where that is known."""
    known = [item for item in record.fidelities if item.correlation is not None]
    if known:
        listener.note(f"Rank correlation of validation losses, {'; '.join(map(str, known))}.")


def told_training(context: Context) -> Callable[[Progress], None]:
    """Tell ``context``'s listener of the final training."""
    listener = context.listener

    def tell(progress: Progress) -> None:
        last = progress.last
        if last is not None and progress.step == progress.steps:
            listener.epoch(
                EpochTrained(
                    epoch=last.epoch,
                    epochs=progress.epochs,
                    seconds=last.seconds,
                    train_loss=last.train_loss,
                    validation_loss=last.validation_loss,
                    validation_top1_percent=last.validation_top1_percent,
                )
            )
        best = "" if last is None else f", {last.validation_top1_percent:.1f} %"
        listener.step(
            Step(
                "train",
                f"epoch {progress.epoch} of {progress.epochs}{best}",
                (progress.epoch - 1) * progress.steps + progress.step,
                progress.epochs * progress.steps,
                progress.seconds_left,
            )
        )
        listener.planned(progress.seconds_left + planning.FINISH_SECONDS)

    return tell


def told_rollback(context: Context) -> Callable[[Rollback], None]:
    """Tell ``context``'s listener that training went back."""
    return lambda rollback: context.listener.note(
        f"Training diverged ({rollback.what}) at epoch {rollback.epoch}, step {rollback.step}: it goes on "
        f"from the end of the epoch before, at a third of the rate {rollback.rate:.2g}."
    )


def _words(progress: StudyProgress) -> str:
    best = "" if progress.best_top1_percent is None else f", best {progress.best_top1_percent:.1f} %"
    entropy = "" if progress.entropy is None else f", generator's entropy {progress.entropy:.2f}"
    return f"{progress.started} candidates{best}{entropy}"


def _expected_epochs(trials: int, rung_epochs: tuple[int, ...]) -> int:
    """Epochs of a study of ``trials`` candidates: of each rung's trainings a third goes up."""
    return sum(trials // REDUCTION**rung * epochs for rung, epochs in enumerate(rung_epochs))


def _candidate(candidate: Candidate, rungs: int, earlier: bool) -> CandidateTrained:
    figures = candidate.figures
    failed = candidate.state == "failed"
    return CandidateTrained(
        number=candidate.number,
        digest=candidate.digest,
        rung=candidate.rung + (2 if failed else 1),
        rungs=rungs,
        epochs=candidate.epochs,
        validation_top1_percent=None if failed else candidate.validation_top1_percent,
        parameters=int(figures["parameters"]),
        macs=int(figures["macs"]),
        weights_bytes=int(figures["weights"]),
        earlier=earlier,
    )
