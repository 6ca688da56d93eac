"""Suites: the train and test perturbations of each robot.

The train side is a distribution, the test side a list that is used for reporting alone. Both are
perturbation texts, so that files, plots and the command line speak of the same thing.
"""

from __future__ import annotations

from adaptive_control.suites.catalogue import SUITES, Suite
from adaptive_control.suites.draw import (
    check_perturbations,
    sample_training_perturbation,
    suites_named,
    suites_of,
)
from adaptive_control.suites.held_out import held_out
from adaptive_control.suites.installed import all_suites
from adaptive_control.suites.train_side import TrainSide

__all__ = [
    "SUITES",
    "Suite",
    "TrainSide",
    "all_suites",
    "check_perturbations",
    "held_out",
    "sample_training_perturbation",
    "suites_named",
    "suites_of",
]
