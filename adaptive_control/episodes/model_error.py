"""How well a model predicts K steps ahead, before and after adapting to a window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.objective import prediction_error
from adaptive_control.training.dataset import Episodes, TaskSampler

__all__ = ["K_STEPS", "KStepError", "k_step_error"]

K_STEPS = 15
"""K: how far ahead model errors are reported, the horizon of the default planner."""

_TASKS = 512
"""Windows drawn from the episodes; enough for two digits."""


@dataclass(frozen=True)
class KStepError:
    """Squared open-loop errors in units of the targets' variance, averaged over fields and tasks.

    Attributes:
        before: `[L]`, of the prior, at 1 to L steps ahead; L is K where all is open loop.
        after: `[L]`, of the model adapted to the M transitions before.
    """

    before: np.ndarray
    after: np.ndarray

    @property
    def ratio(self) -> float:
        """Error after adapting over error before, both summed over the steps."""
        return float(self.after.sum() / self.before.sum())


@torch.no_grad()
def k_step_error(
    dynamics: Dynamics,
    episodes: Episodes,
    window: int,
    steps: int,
    seed: int = 0,
    unroll: int | None = None,
) -> KStepError | None:
    """Errors on windows drawn evenly from `episodes`; None if none is full and has K steps after.

    Args:
        dynamics: the model.
        episodes: recorded under the perturbation of interest.
        window: M.
        steps: K, steps after the window that are predicted.
        seed: of the draw.
        unroll: L, steps predicted open loop before the next starts from a recorded observation;
            divides K. None: all K. With 1, the mean is what the meta-objective scores
            (Nagabandi & Clavera et al. 2019, eq. 3).
    """
    sampler = TaskSampler(episodes, window, steps, only_full=True)
    if len(sampler) == 0:
        return None
    rng = np.random.default_rng(seed)
    past, future = sampler.draw(_TASKS, rng, full_windows=True)
    contexts = (dynamics.prior_context(_TASKS), dynamics.adapt(past))
    before, after = (
        prediction_error(dynamics, context, future, unroll or steps).mean(dim=(0, 1)).numpy()
        for context in contexts
    )
    return KStepError(before, after)
