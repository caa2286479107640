"""Candidates as trials of an Optuna study, wherever the study is kept.

A trial says of which candidate it is and holds all that is known of it. Optuna lets nobody add to a trial
that is finished: where a study goes on after its end (it was extended), a candidate that is trained on gets
another trial, which begins with a copy of what its last one holds.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import msgspec
import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from attendnets.errors import StudyError
from attendnets.exploration.evaluation import ShortTraining

_CANDIDATE = "candidate"


class Trials:
    """The candidates of ``study``, which nobody else writes to meanwhile.

    ``is_ours`` is called before every write and raises where somebody else has taken the study over. Raises
    StudyError for a study that somebody else began.
    """

    def __init__(self, study: optuna.Study, is_ours: Callable[[], None] = lambda: None) -> None:
        if study.directions != [StudyDirection.MAXIMIZE]:
            raise StudyError(
                f"The study {study.study_name!r} was not made by attendnets: it does not maximize one value. "
                "Choose another --study; a journal's run needs another --out."
            )
        self._study, self._is_ours = study, is_ours
        self._of_candidate: dict[int, int] = {}
        for trial in study.get_trials(deepcopy=False):
            self._of_candidate[_candidate(trial, study.study_name)] = trial.number

    def name_values(self, name: str) -> None:
        """Say for readers what the value of a finished trial is; once said, it stays."""
        if self._study.metric_names is None:
            self._is_ours()
            with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
                self._study.set_metric_names([name])

    def all(self) -> list[FrozenTrial]:
        """The newest trial of each candidate, numbered as candidates are, from 0."""
        trials = self._study.get_trials()
        newest = [trials[self._of_candidate[candidate]] for candidate in sorted(self._of_candidate)]
        for candidate, trial in enumerate(newest):
            trial.number = candidate
        return newest

    def add_trial(self, trial: FrozenTrial) -> None:
        """Add the trial of the next candidate, whole and in one step.

        A kill leaves either no trial or one that can go on.
        """
        self._add(len(self._of_candidate), trial)

    def trained(self, candidate: int, rung: int, epochs: int, result: ShortTraining) -> None:
        """Keep the result of a training on ``rung``."""
        trial = self._writable(candidate)
        # The attribute is what counts, so it comes last: a kill between the two repeats both.
        if epochs not in self._trial(candidate).intermediate_values:
            trial.report(result.top1_percent, step=epochs)
        trial.set_user_attr(f"rung{rung}", msgspec.to_builtins(result))

    def failed(self, candidate: int, message: str) -> None:
        """Finish the trial of a candidate that cannot be trained."""
        trial = self._writable(candidate)
        trial.set_user_attr("error", message)
        self._study.tell(trial, state=TrialState.FAIL)

    def close(self, candidate: int, value: float) -> None:
        """Finish the trial of a candidate with its objective value; one that is finished stays as it is."""
        if not self._trial(candidate).state.is_finished():
            self._is_ours()
            self._study.tell(self._of_candidate[candidate], value)

    def _trial(self, candidate: int) -> FrozenTrial:
        return self._study._storage.get_trial(self._id(candidate))

    def _id(self, candidate: int) -> int:
        # By number, for reading all trials again and again would cost a database more than the study itself.
        return self._study._storage.get_trial_id_from_study_id_trial_number(
            self._study._study_id, self._of_candidate[candidate]
        )

    def _writable(self, candidate: int) -> Trial:
        last = self._trial(candidate)
        self._is_ours()
        if last.state.is_finished():
            self._add(
                candidate,
                create_trial(
                    state=TrialState.RUNNING,
                    params=last.params,
                    distributions=last.distributions,
                    user_attrs=last.user_attrs,
                    intermediate_values=last.intermediate_values,
                ),
            )
        return Trial(self._study, self._id(candidate))

    def _add(self, candidate: int, trial: FrozenTrial) -> None:
        trial.set_user_attr(_CANDIDATE, candidate)
        self._is_ours()
        identity = self._study._storage.create_new_trial(self._study._study_id, trial)
        self._of_candidate[candidate] = self._study._storage.get_trial_number_from_id(identity)


def _candidate(trial: FrozenTrial, study: str) -> int:
    number = trial.user_attrs.get(_CANDIDATE)
    if not isinstance(number, int):
        raise StudyError(
            f"Trial {trial.number} of the study {study!r} was not made by attendnets, and the study cannot "
            "go on beside it. Choose another --study; a journal's run needs another --out."
        )
    return number
