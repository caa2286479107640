"""Where a study is kept: the seam between what the study decides and what remembers it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

import optuna
from optuna.storages import BaseStorage

from attendnets.exploration.trials import Trials

_CONTEXT = "context"


class StudyPlace(Protocol):
    """A journal file, or a study in a database."""

    def opened(self, context: str) -> AbstractContextManager[Trials]:
        """The study's trials for the length of the body; begun where there is none.

        ``context`` names its data and its job. Raises a UsageError where the study is of another context
        or in use, StorageError where it cannot be written, also in the body.
        """


def begun(storage: BaseStorage, name: str) -> optuna.Study:
    """The study called ``name``, made where there is none. Its sampler is not asked for anything."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(
        storage=storage,
        study_name=name,
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=0),
        load_if_exists=True,
    )


def other_context(study: optuna.Study, context: str) -> str:
    """How the context of ``study`` differs from ``context``, in words; "" where it does not.

    A context is a list of ``name value`` between commas. A study that has none takes this one.
    """
    known = study.user_attrs.get(_CONTEXT)
    if known is None:
        study.set_user_attr(_CONTEXT, context)
        return ""
    before, now = (dict(part.partition(" ")[::2] for part in text.split(", ")) for text in (known, context))
    differing = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return "; ".join(
        f"its {name} is {before.get(name, 'none')}, this job's is {now.get(name, 'none')}"
        for name in differing
    )
