"""Adaptation by a gradient step on the window (MAML; Meta-SGD step sizes).

    theta' = theta - alpha * grad_theta  L(window; theta)

with `alpha` learned, one positive step size per parameter (Li et al. 2017, "Meta-SGD"), and the
step differentiable, so that the meta-gradient is second order (Finn et al. 2017, "MAML";
Nagabandi & Clavera et al. 2019, eq. 3). The prior is never changed: the step returns new tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from adaptive_control.dynamics.network import Parameters, forward

__all__ = ["descend", "gradient_step", "lengths", "less", "steps_of", "window_loss"]


def window_loss(parameters: Parameters, inputs: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """Squared error on the window: mean over fields and valid slots, *summed* over robots.

    Robots share no parameters, so the gradient of the sum is each robot's own gradient.

    Args:
        parameters: of the network, `[B, ...]` each.
        inputs: `[B, M, in]`, normalised.
        targets: `[B, M, S]`, normalised.
        mask: `[B, M, 1]`.
    """
    used = mask.sum(dim=(1, 2)).clamp_min(1.0)
    error = (forward(parameters, inputs) - targets) * mask
    return ((error**2).mean(-1).sum(-1) / used).sum()


def gradient_step(
    loss: Callable[[Parameters], Tensor],
    parameters: Parameters,
    step_sizes: Sequence[Tensor | float],
    *,
    first_order: bool = False,
) -> Parameters:
    """One inner step for every robot (or task) at once, however long.

    Args:
        loss: maps batched parameters to the *sum* over robots of each robot's loss.
        parameters: prior, `[B, ...]` each (views of a shared tensor are fine).
        step_sizes: `[...]` each, without the batch dimension; already positive.
        first_order: stop the meta-gradient at the inner gradient (FOMAML).

    Returns:
        Adapted parameters, `[B, ...]` each, new tensors.
    """
    return less(parameters, steps_of(loss, parameters, step_sizes, first_order=first_order))


def steps_of(
    loss: Callable[[Parameters], Tensor],
    parameters: Parameters,
    step_sizes: Sequence[Tensor | float],
    *,
    first_order: bool = False,
) -> Parameters:
    """What `gradient_step` subtracts, `[B, ...]` each."""
    gradients = torch.func.grad(loss)(parameters)
    if first_order:
        gradients = tuple(g.detach() for g in gradients)
    return tuple(a * g for a, g in zip(step_sizes, gradients, strict=True))


def descend(
    parameters: Parameters,
    steps: Callable[[Parameters], Parameters],
    count: int,
    limit: Tensor | None = None,
) -> tuple[Parameters, Parameters]:
    """Several steps, one after the other.

    Args:
        parameters: `[B, ...]` each.
        steps: what to subtract from given parameters.
        count: of steps, at least one.
        limit: of each step; see `less`.

    Returns:
        Where they end, and the first step, as it was before it was shortened.
    """
    first = steps(parameters)
    parameters = less(parameters, first, limit)
    for _ in range(count - 1):
        parameters = less(parameters, steps(parameters), limit)
    return parameters, first


def less(parameters: Parameters, steps: Parameters, limit: Tensor | None = None) -> Parameters:
    """`parameters - steps`.

    Args:
        parameters: `[B, ...]` each.
        steps: `[B, ...]` each.
        limit: a robot whose steps are longer, all together, goes this far in their direction.
    """
    if limit is None:
        return tuple(p - s for p, s in zip(parameters, steps, strict=True))
    share = (limit / lengths(steps).clamp_min(1e-12)).clamp_max(1.0)
    return tuple(
        p - share.reshape(-1, *[1] * (s.dim() - 1)) * s
        for p, s in zip(parameters, steps, strict=True)
    )


def lengths(steps: Parameters) -> Tensor:
    """Euclidean norm of each robot's steps, all tensors together, `[B]`."""
    return torch.stack([(s**2).flatten(1).sum(1) for s in steps]).sum(0).sqrt()
