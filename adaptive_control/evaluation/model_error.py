"""How well a model predicts K steps ahead, before and after adapting to a window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.training.dataset import Episodes, TaskSampler
from adaptive_control.training.objective import prediction_error

__all__ = ["KStepError", "k_step_error"]

_TASKS = 512
"""Windows drawn from the episodes; enough for two digits."""


@dataclass(frozen=True)
class KStepError:
    """Squared open-loop errors in units of the targets' variance, averaged over fields and tasks.

    Attributes:
        before: `[K]`, of the prior, at 1 to K steps ahead.
        after: `[K]`, of the model adapted to the M transitions before.
    """

    before: np.ndarray
    after: np.ndarray

    @property
    def ratio(self) -> float:
        """Error after adapting over error before, both summed over the K steps."""
        return float(self.after.sum() / self.before.sum())


@torch.no_grad()
def k_step_error(
    dynamics: Dynamics, episodes: Episodes, window: int, steps: int, seed: int = 0
) -> KStepError | None:
    """Errors on windows drawn evenly from `episodes`; None if none is full and has K steps after.

    Args:
        dynamics: the model.
        episodes: recorded under the perturbation of interest.
        window: M.
        steps: K, steps predicted open loop.
        seed: of the draw.
    """
    sampler = TaskSampler(episodes, window, steps, only_full=True)
    if len(sampler) == 0:
        return None
    rng = np.random.default_rng(seed)
    past, future = sampler.draw(_TASKS, rng, full_windows=True)
    contexts = (dynamics.prior_context(_TASKS), dynamics.adapt(past))
    before, after = (
        prediction_error(dynamics, context, future, steps).mean(dim=(0, 1)).numpy()
        for context in contexts
    )
    return KStepError(before, after)
