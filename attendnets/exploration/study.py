"""The study: candidates get short trainings with asynchronous successive halving, kept as Optuna trials.

A candidate starts on the lowest rung, with the fewest epochs; the best third of a rung is trained anew
on the next one, with three times as many. All that is known lies in a journal file or a database, so that
a study that was killed goes on where it was, and any Optuna tool can read it.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from attendnets.cost import cost
from attendnets.errors import AttendnetsError, InfeasibleError, TrainingError
from attendnets.exploration.decisions import Space
from attendnets.exploration.duration import expected_duration
from attendnets.exploration.entry import Entry, Task
from attendnets.exploration.evaluation import ShortTraining, Workers
from attendnets.exploration.fidelity import fidelities
from attendnets.exploration.influence import influences
from attendnets.exploration.objective import NETSCORE, Objective
from attendnets.exploration.place import StudyPlace
from attendnets.exploration.proposer import Proposer
from attendnets.exploration.ranking import Ranking, merit
from attendnets.exploration.record import Candidate, GeneratorRecord, StudyProgress, StudyRecord
from attendnets.exploration.schedule import Schedule
from attendnets.exploration.screening import Screen, require_feasible
from attendnets.exploration.space_levels import Finished, SpaceLevels
from attendnets.exploration.trials import Trials
from attendnets.spec import from_json, to_json

REDUCTION = 3
_START_SHARE = 0.7


@dataclass(frozen=True)
class ExploreOptions:
    """How much to explore: ``trials`` candidates, or as many as fit into ``seconds``; exactly one is given.

    ``rung_epochs``: epochs of the short trainings, lowest rung first. ``objective``: U of the study.
    """

    trials: int | None = None
    seconds: float | None = None
    rung_epochs: tuple[int, ...] = (3, 9, 27)
    seed: int = 0
    objective: Objective = NETSCORE

    def __post_init__(self) -> None:
        if (self.trials is None) == (self.seconds is None):
            raise AttendnetsError("ExploreOptions: give either trials or seconds.")


_Tell: TypeAlias = Callable[[StudyProgress], None]


def explore(
    space: Space,
    screen: Screen,
    proposer: Proposer,
    workers: Workers,
    *,
    options: ExploreOptions,
    place: StudyPlace,
    context: str,
    progress: Callable[[StudyProgress], None] | None = None,
) -> StudyRecord:
    """Explore ``space`` and choose a network. ``context`` names data and job of the study in ``place``.

    The same arguments, with trials counted, choose the same network, whichever training ends first and
    however often the study is interrupted; another number of workers is another study. A study that is
    asked for again with more trials becomes the one that it would be with so many from the start.

    Raises InfeasibleError when costs alone rule every network out or no candidate was found, RunFolderError
    or StudyError for a study that belongs to another job, is in use or is damaged, StorageError when it
    cannot be written, TrainingError when every candidate failed.
    """
    require_feasible(space, screen, options.seed)
    with place.opened(context) as trials:
        trials.name_values(options.objective.title)
        run = _Study(space, screen, proposer, workers, options, trials)
        run.work(progress or (lambda _: None))
    return run.record()


class _Study:
    def __init__(
        self,
        space: Space,
        screen: Screen,
        proposer: Proposer,
        workers: Workers,
        options: ExploreOptions,
        study: Trials,
    ) -> None:
        self.space, self.screen, self.proposer = space, screen, proposer
        self.workers, self.options, self.study = workers, options, study
        self.distributions: dict[str, BaseDistribution] = {
            name: CategoricalDistribution(values) for name, values in space.choices().items()
        }
        trials = study.all()
        self.known = [_entry(trial) for trial in trials]
        if trials:
            screen.screened, screen.refused = trials[-1].user_attrs["screened"]
        trained = screen.requirements.of_price("trained").items
        floor = next((item.bound for item in trained if item.quantity == "top1"), None)
        self.ranking = Ranking(options.objective, len(options.rung_epochs) - 1, floor)
        self.entries: list[Entry] = []
        self.schedule: Schedule[Task] = Schedule(workers.count)
        self.started_at = time.perf_counter()
        self.spent_before = sum(r.seconds for e in self.known for r in e.results.values()) / workers.count

    @property
    def seconds(self) -> float:
        """Seconds of this sitting, and what trainings of earlier ones took that gave a result."""
        return self.spent_before + time.perf_counter() - self.started_at

    def work(self, progress: _Tell) -> None:
        """Promote or start candidates until the budget is used.

        What the study holds is gone through again from the start, without training: decisions are made
        where and as they were made before.
        """
        exhausted = False
        self._tell(progress)
        while True:
            while self.schedule.has_room:
                entry = self._promotable()
                if entry is None and not exhausted and self._may_start():
                    entry = self._start()
                    exhausted = entry is None
                if entry is None:
                    break
                self._begin(entry)
            if not self.schedule.running:
                break
            task = self.schedule.end()
            self._finish(task)
            self._tell(progress, task.entry, earlier=task.earlier)
        for entry in self.entries:
            if not entry.failed:
                self._close(entry)

    def _may_start(self) -> bool:
        if len(self.entries) < len(self.known):
            return True
        if self.options.trials is not None:
            return len(self.entries) < self.options.trials
        assert self.options.seconds is not None
        return not self.entries or self.seconds < self.options.seconds * _START_SHARE

    def _promotable(self) -> Entry | None:
        """The best candidate of the highest rung whose best third has room for one more promotion."""
        for rung in reversed(range(len(self.options.rung_epochs) - 1)):
            reached = [e for e in self.entries if rung in e.results]
            gone = sum(e.rung > rung or e.training is not None for e in reached)
            fell = sum(e.rung == rung and e.failed for e in reached)
            waiting = [e for e in reached if e.rung == rung and e.training is None and not e.failed]
            room = len(reached) // REDUCTION
            # Where one failed above the next best takes its place; not without end, for all may fail there.
            if waiting and gone < room and gone + fell < 2 * room:
                return self.ranking.ranked(waiting, rung)[0]
        return None

    def _start(self) -> Entry | None:
        number = len(self.entries)
        if number < len(self.known):
            known = self.known[number]
            self.entries.append(Entry(number, known.decisions, known.spec, {}, generator=known.generator))
            return self.entries[-1]
        rng = random.Random(f"propose/{self.options.seed}/{number}")
        seen = frozenset(e.digest for e in self.entries)
        proposal = self.proposer.propose(self._finished(), seen, self.screen, rng)
        if proposal is None:
            return None
        spec = self.space.network(proposal.decisions)
        # Added whole, in one line of the journal: a kill leaves either no trial or one that can go on.
        self.study.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params=proposal.decisions,
                distributions=self.distributions,
                user_attrs={
                    "spec": to_json(spec),
                    "figures": cost(spec).figures(),
                    "screened": (self.screen.screened, self.screen.refused),
                    "generator": msgspec.to_builtins(proposal.generator),
                },
            )
        )
        entry = Entry(number, proposal.decisions, spec, {}, generator=proposal.generator)
        self.entries.append(entry)
        return entry

    def _finished(self) -> list[Finished]:
        """All that is known, best first: the higher the rung the better, what failed comes last."""
        reached: list[list[Entry]] = [[] for _ in self.options.rung_epochs]
        failed = []
        for entry in self.entries:
            if entry.failed:
                failed.append(Finished(entry.decisions, entry.digest, entry.number))
            elif entry.results:
                reached[entry.rung].append(entry)
        ranked = [
            Finished(entry.decisions, entry.digest, entry.number, entry.results[rung].top1_percent)
            for rung, entries in reversed([*enumerate(reached)])
            for entry in self.ranking.ranked(entries, rung)
        ]
        return ranked + failed

    def _begin(self, entry: Entry) -> None:
        rung, epochs = entry.rung + 1, self.options.rung_epochs[entry.rung + 1]
        known = self.known[entry.number] if entry.number < len(self.known) else None
        future: Future[ShortTraining]
        if known is not None and (rung in known.results or known.failed):
            future = Future()
            if rung in known.results:
                future.set_result(known.results[rung])
            else:
                future.set_exception(TrainingError(known.error))
            task = Task(entry, rung, future, earlier=True, recorded=True)
        else:
            # Images of another size are decoded before a training is begun: that takes its time.
            self._record_ended(self.schedule.running)
            future = self.workers.submit(entry.spec, epochs)
            task = Task(entry, rung, future, earlier=False, recorded=False)
        entry.training = rung
        self.schedule.begin(task, expected_duration(entry.spec, epochs))

    def _finish(self, task: Task) -> None:
        entry, rung = task.entry, task.rung
        while True:
            # What ends before its turn is written at once: a kill does not take it back.
            running = task, *self.schedule.running
            self._record_ended(running)
            if task.recorded:
                break
            wait([other.future for other in running if not other.recorded], return_when=FIRST_COMPLETED)
        entry.training = None
        error = task.future.exception()
        if isinstance(error, TrainingError):
            entry.error = str(error)
        else:
            entry.results[rung] = task.future.result()
            if rung == len(self.options.rung_epochs) - 1:
                self._close(entry)

    def _record_ended(self, tasks: Sequence[Task]) -> None:
        ended = [task for task in tasks if not task.recorded and task.future.done()]
        # What ends the study comes last: the others are written before it does.
        for task in sorted(ended, key=lambda task: task.is_fatal):
            self._record(task)

    def _record(self, task: Task) -> None:
        number, rung, error = task.entry.number, task.rung, task.future.exception()
        if isinstance(error, TrainingError):
            self.study.failed(number, str(error))
        else:
            self.study.trained(number, rung, self.options.rung_epochs[rung], task.future.result())
        task.recorded = True

    def _close(self, entry: Entry) -> None:
        score = merit(self.options.objective, entry, entry.rung)
        self.study.close(entry.number, score if math.isfinite(score) else -1e6)

    def _tell(self, progress: _Tell, last: Entry | None = None, earlier: bool = False) -> None:
        limit = self.options.seconds
        progress(
            StudyProgress(
                started=len(self.entries),
                best_top1_percent=max(
                    (e.top1 for e in self.entries if e.results and not e.failed), default=None
                ),
                seconds=self.seconds,
                seconds_left=None if limit is None else max(0.0, limit - self.seconds),
                last=None if last is None else self._candidate(last),
                earlier=earlier,
                entropy=next((e.generator.entropy for e in reversed(self.entries) if e.generator), None),
            )
        )

    def record(self) -> StudyRecord:
        """All candidates and the choice. Raises TrainingError when none could be trained."""
        trained = [e for e in self.entries if e.results and not e.failed]
        if not self.entries:
            raise InfeasibleError(
                "No candidate that costs let pass was found to begin with, though there are some: relax a "
                "requirement, or give another --seed."
            )
        if not trained:
            raise TrainingError(
                f"All {len(self.entries)} candidates failed to train; the study's trials say why of each."
            )
        highest = max(e.rung for e in trained)
        chosen = self.ranking.ranked([e for e in trained if e.rung == highest], highest)[0]
        return StudyRecord(
            candidates=tuple(self._candidate(e) for e in self.entries),
            chosen=chosen.digest,
            screened=self.screen.screened,
            refused=self.screen.refused,
            seconds=self.seconds,
            objective=self.options.objective.name,
            trials=len(self.entries),
            seed=self.options.seed,
            rung_epochs=self.options.rung_epochs,
            validation_images=chosen.results[highest].images,
            largest_macs=self.screen.largest_macs,
            choices=self.space.choices(),
            influences=influences(SpaceLevels(self.space), self._finished()),
            drivers=self.proposer.drivers,
            fidelities=fidelities([e.results for e in self.entries], self.options.rung_epochs),
        )

    def _candidate(self, e: Entry) -> Candidate:
        last = len(self.options.rung_epochs) - 1
        # What a candidate reached before it failed is no result of its own.
        result = e.results[e.rung] if e.results and not e.failed else None
        top1 = None if result is None else result.top1_percent
        figures = cost(e.spec).figures() | ({} if top1 is None else {"top1": top1})
        return Candidate(
            number=e.number,
            digest=e.digest,
            spec=e.spec,
            state="failed" if e.failed else "complete" if e.rung == last else "stopped",
            rung=e.rung,
            epochs=0 if result is None else self.options.rung_epochs[e.rung],
            figures=figures,
            validation_top1_percent=top1,
            netscore=None if result is None else merit(NETSCORE, e, e.rung),
            violation=self.screen.violation(figures),
            seconds=sum(r.seconds for r in e.results.values()),
            validation_loss=None if result is None else result.loss,
            generator=e.generator,
            error=e.error,
            reactions=() if result is None else result.reactions,
        )


def _entry(trial: FrozenTrial) -> Entry:
    attributes: dict[str, Any] = trial.user_attrs
    results = {
        int(name.removeprefix("rung")): msgspec.convert(value, ShortTraining)
        for name, value in attributes.items()
        if name.startswith("rung")
    }
    return Entry(
        trial.number,
        dict(trial.params),
        from_json(attributes["spec"]),
        results,
        error=attributes["error"] if trial.state == TrialState.FAIL else None,
        generator=msgspec.convert(attributes.get("generator"), GeneratorRecord | None),
    )
