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

__all__ = ["gradient_step", "window_loss"]


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
    """One inner step for every robot (or task) at once.

    Args:
        loss: maps batched parameters to the *sum* over robots of each robot's loss.
        parameters: prior, `[B, ...]` each (views of a shared tensor are fine).
        step_sizes: `[...]` each, without the batch dimension; already positive.
        first_order: stop the meta-gradient at the inner gradient (FOMAML).

    Returns:
        Adapted parameters, `[B, ...]` each, new tensors.
    """
    gradients = torch.func.grad(loss)(parameters)
    if first_order:
        gradients = tuple(g.detach() for g in gradients)
    return tuple(p - a * g for p, a, g in zip(parameters, step_sizes, gradients, strict=True))
