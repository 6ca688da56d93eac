"""The meta-objective: adapt on M transitions, predict the next K.

    L(theta) = mean over tasks of  E( future K ; adapt(window M; theta) )

(Nagabandi & Clavera et al. 2019, eq. 3). The future is cut into K / L segments, each predicted
open loop for L steps from a recorded observation: L = 1 is the paper's one-step loss; a longer L
trains the model for what a planner does with it, feeding predictions back.
"""

from __future__ import annotations

import torch
from torch import Tensor

from adaptive_control.dynamics.contract import AdaptiveDynamics
from adaptive_control.dynamics.rollout import trajectory
from adaptive_control.dynamics.window import Context, Window

__all__ = ["meta_loss", "prediction_error", "segments", "validation_error"]


def segments(future: Window, unroll: int) -> tuple[Tensor, Tensor, Tensor]:
    """The future cut into pieces of `unroll` = L steps.

    Args:
        future: `[B, K, ...]`.
        unroll: L; divides K.

    Returns:
        Where each piece starts `[B, K // L, S]`, its actions `[B, K // L, L, A]`, and what was
        observed after each of them `[B, K // L, L, S]`.
    """
    tasks, steps, size = future.observation.shape
    cut = (tasks, steps // unroll, unroll)
    start = future.observation.reshape(*cut, size)[:, :, 0]
    return start, future.action.reshape(*cut, -1), future.next_observation.reshape(*cut, size)


def prediction_error(
    dynamics: AdaptiveDynamics, context: Context, future: Window, unroll: int
) -> Tensor:
    """Squared open-loop error per step ahead, in units of the target's standard deviation.

    Args:
        dynamics: the model.
        context: leading dimension B.
        future: `[B, K, ...]`.
        unroll: L, steps predicted open loop; divides K.

    Returns:
        `[B, K // L, L]`, mean over the observation fields.
    """
    start, actions, actual = segments(future, unroll)
    predicted = trajectory(dynamics, context, start, actions)
    error = dynamics.features.wrap(predicted - actual) / dynamics.target_normalizer.scale
    return (error**2).mean(-1)


def meta_loss(
    dynamics: AdaptiveDynamics, window: Window, future: Window, unroll: int, prior_weight: float
) -> tuple[Tensor, Tensor]:
    """The loss to minimise, and the post-adaptation error inside it.

    A small weight on the prior's own error keeps the unadapted model usable: it is what the
    controller falls back to when the adaptation gate closes.
    """
    adapted = prediction_error(dynamics, dynamics.adapt(window), future, unroll).mean()
    if not dynamics.adapts or prior_weight == 0:
        return adapted, adapted.detach()
    tasks = window.observation.shape[0]
    prior = prediction_error(dynamics, dynamics.prior_context(tasks), future, unroll).mean()
    return adapted + prior_weight * prior, adapted.detach()


@torch.no_grad()
def validation_error(
    dynamics: AdaptiveDynamics, window: Window, future: Window, horizon: int
) -> tuple[float, float]:
    """Error averaged over `horizon` open-loop steps: before and after adapting."""
    tasks = window.observation.shape[0]
    before = prediction_error(dynamics, dynamics.prior_context(tasks), future, horizon)
    after = prediction_error(dynamics, dynamics.adapt(window), future, horizon)
    return float(before.mean()), float(after.mean())
