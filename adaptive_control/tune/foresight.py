"""How far ahead the model can see, before and after adapting: where the horizon should stop.

The squared open-loop error K steps ahead (`evaluation.model_error`) is compared with what anyone
could say without a model: that the robot will be in its average state. Where the adapted model is
no better than that, planning further ahead is planning in fog.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from adaptive_control.episodes import k_step_error
from adaptive_control.threads import one_thread
from adaptive_control.training import LoadedModel
from adaptive_control.training.dataset import Episodes
from adaptive_control.tune.evaluate import drive
from adaptive_control.tune.setting import Scenario, Setting
from robots import Robot

__all__ = ["Foresight", "foresight"]


@dataclass(frozen=True)
class Foresight:
    """Model error against horizon, in units of the targets' variance.

    Attributes:
        before: `[K]`, of the prior, 1 to K steps ahead; empty if there was too little to measure.
        after: `[K]`, of the adapted model.
        average_state: error of predicting the average state at any time.
    """

    before: tuple[float, ...]
    after: tuple[float, ...]
    average_state: float

    @property
    def sees(self) -> int | None:
        """Steps ahead up to which the adapted model beats the average state; None if unknown."""
        if not self.after:
            return None
        blind = np.flatnonzero(~(np.asarray(self.after) < self.average_state))
        return int(blind[0]) if len(blind) else len(self.after)


def foresight(
    model: LoadedModel,
    robot: Robot,
    setting: Setting,
    scenarios: tuple[Scenario, ...],
    steps: int,
    horizon: int,
) -> Foresight:
    """Measure on robots that a setting drives under training perturbations.

    Args:
        model: the model.
        robot: the robot.
        setting: drives, and its M is adapted from.
        scenarios: `[B]`, perturbed from the start.
        steps: control steps of an episode beyond M + K.
        horizon: K.
    """
    with one_thread():
        total = steps + setting.window + horizon
        episodes = drive(model, robot, setting, scenarios, total).transitions()
        finite = np.isfinite(episodes.next_observation).all(axis=(1, 2))
        episodes = episodes.take(np.flatnonzero(finite))
        error = (
            k_step_error(model.dynamics, episodes, setting.window, horizon)
            if finite.any()
            else None
        )
    if error is None:
        return Foresight((), (), float("nan"))
    return Foresight(
        tuple(error.before.tolist()), tuple(error.after.tolist()), _average_state(model, episodes)
    )


def _average_state(model: LoadedModel, episodes: Episodes) -> float:
    """Mean squared distance of the observations from their mean, in the same unit."""
    observed = torch.from_numpy(
        episodes.next_observation.reshape(-1, episodes.observation.shape[2])
    )
    away = model.dynamics.features.wrap(observed - observed.mean(0))
    return float(((away / model.dynamics.target_normalizer.scale) ** 2).mean())
