"""Bayesian least squares on a window, in closed form (Harrison et al. 2018, "ALPaCA", section 4).

With features phi (one row a transition, Phi `[M, d]`), a Gaussian prior of mean W and variances v
on the weights of a linear layer, and noise of variance s_i on transition i, the posterior's mean is

    W + V Phi^T (Phi V Phi^T + diag(s))^-1 (Y - Phi W)          V = diag(v)

in the form that inverts an M x M matrix instead of a d x d one (Woodbury); where d is the smaller
of the two, with rows scaled to noise 1,

    V^1/2 (V^1/2 Phi^T Phi V^1/2 + I)^-1 V^1/2 Phi^T Y
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["posterior_change", "posterior_mean", "solve"]


def posterior_change(
    features: Tensor, residual: Tensor, mask: Tensor, variance: Tensor, noise: Tensor
) -> Tensor:
    """What the window adds to the mean of the weights.

    An empty slot is a row of zeros: it explains nothing and asks for nothing, so the result is
    that of a shorter window, and 0 if all are empty.

    Args:
        features: Phi, `[B, M, d]`.
        residual: Y - Phi W, `[B, M, S]`.
        mask: `[B, M, 1]`.
        variance: v, `[d]`, positive.
        noise: s, `[M]`, positive.

    Returns:
        `[B, d, S]`.
    """
    features, residual = features * mask, residual * mask
    spread = features * variance
    gram = torch.matmul(spread, features.transpose(1, 2)) + torch.diag_embed(noise)
    return torch.matmul(spread.transpose(1, 2), solve(gram, residual))


def posterior_mean(features: Tensor, target: Tensor, variance: Tensor) -> Tensor:
    """The mean of a few weights with prior mean 0, from many rows of noise 1.

    Args:
        features: Phi, `[B, n, d]`; a row of zeros says nothing.
        target: Y, `[B, n, S]`.
        variance: v, `[d]`, positive.

    Returns:
        `[B, d, S]`.
    """
    scale = variance.sqrt()
    scaled = features * scale
    across = scaled.transpose(1, 2)
    unit = torch.eye(scale.shape[0], dtype=scale.dtype, device=scale.device)
    found = solve(torch.matmul(across, scaled) + unit, torch.matmul(across, target))
    return found * scale.unsqueeze(-1)


def solve(matrix: Tensor, right: Tensor) -> Tensor:
    """The solution of `matrix @ x = right`, written out because ONNX has no operator for it.

    The inverse X is found by elimination, outside of the gradient; then one step of refinement,
    `x = X r + X (r - A X r)`, makes up for its rounding and carries the gradient, which is that of
    the exact solution because `I - A X = 0`: to first order, not beyond.

    Args:
        matrix: `[B, M, M]`, symmetric positive definite.
        right: `[B, M, S]`.

    Returns:
        `[B, M, S]`.
    """
    inverse = _inverse(matrix.detach())
    first = torch.matmul(inverse, right)
    return first + torch.matmul(inverse, right - torch.matmul(matrix, first))


def _inverse(matrix: Tensor) -> Tensor:
    """Gauss-Jordan elimination, without the pivoting that positive definiteness makes needless."""
    size = matrix.shape[-1]
    unit = torch.eye(size, dtype=matrix.dtype, device=matrix.device)
    table = torch.cat([matrix, unit.expand_as(matrix)], dim=-1)
    for k in range(size):
        row = table[:, k : k + 1] / table[:, k : k + 1, k : k + 1]
        # For row k itself this leaves `row`; every other row loses its entry in column k.
        table = table - (table[:, :, k : k + 1] - unit[:, k : k + 1]) * row
    return table[:, :, size:]
