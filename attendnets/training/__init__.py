"""Training: a network and two tables of pixels in, the best weights found and a record of how out.

``train`` is the one loop; ``Recipe`` says how, ``Budget`` how long. ``accuracy`` and ``predict_logits``
measure any callable that maps pixels to logits: a network, a quantized program, a session of a runtime.
"""

from attendnets.training.evaluation import Accuracy, accuracy, predict_logits
from attendnets.training.loop import train
from attendnets.training.recipe import Budget, Recipe
from attendnets.training.record import EpochRecord, Progress, Rollback, TrainingRecord

__all__ = [
    "Accuracy",
    "Budget",
    "EpochRecord",
    "Progress",
    "Recipe",
    "Rollback",
    "TrainingRecord",
    "accuracy",
    "predict_logits",
    "train",
]
