"""Which settings matter, by PED-ANOVA (Watanabe et al. 2023), as Optuna has it.

The importance of a setting is how much its distribution among the best tenth of the trials differs
from that among all; settings that only some kinds of planner have are compared within those.
"""

from __future__ import annotations

import warnings

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

__all__ = ["importances"]

_FEWEST = 20
"""Trials below which the best tenth says nothing."""


def importances(study: optuna.Study) -> dict[str, dict[str, float]]:
    """Shares of the importance, by objective (`return`, `p99`) and setting; {} with few trials."""
    complete = [t for t in study.trials if t.state == TrialState.COMPLETE]
    if len(complete) < _FEWEST:
        return {}
    targets = {"return": _lost_return, "p99": _p99}
    found = {}
    for name, target in targets.items():
        with warnings.catch_warnings():  # that it assumes lower targets are better: they are
            warnings.simplefilter("ignore")
            # The best tenth of few trials would be two or three of them.
            quantile = max(0.1, 6 / len(complete))
            evaluator = PedAnovaImportanceEvaluator(target_quantile=quantile)
            shares = get_param_importances(study, evaluator=evaluator, target=target)
        found[name] = {key: float(value) for key, value in shares.items()}
    return found


def _lost_return(trial: FrozenTrial) -> float:
    return -(trial.values or [0.0])[0]


def _p99(trial: FrozenTrial) -> float:
    return (trial.values or [0.0, 0.0])[1]
