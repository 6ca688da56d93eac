"""A multilayer perceptron as a pure function of its parameters.

Parameters are a flat tuple `(weight_1, bias_1, weight_2, bias_2, ...)`, weights stored `[in, out]`.
With a leading batch dimension (`[B, in, out]`, `[B, out]`) each robot or task has its own network,
and all of them are evaluated as one batched matrix product.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

__all__ = ["Parameters", "batched", "forward", "init_parameters"]

Parameters = tuple[Tensor, ...]


def init_parameters(sizes: Sequence[int], generator: torch.Generator) -> Parameters:
    """He-scaled weights and zero biases for layers of `sizes`; the last layer starts small."""
    parameters: list[Tensor] = []
    for layer, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        last = layer == len(sizes) - 2
        scale = (0.1 if last else 2.0**0.5) / fan_in**0.5
        parameters += [
            torch.randn(fan_in, fan_out, generator=generator) * scale,
            torch.zeros(fan_out),
        ]
    return tuple(parameters)


def batched(parameters: Parameters, batch: int) -> Parameters:
    """The same parameters for each of `batch` robots, as views `[B, ...]`."""
    return tuple(p.expand(batch, *p.shape) for p in parameters)


def forward(parameters: Parameters, x: Tensor) -> Tensor:
    """Evaluate the network with SiLU between layers.

    Args:
        parameters: shared (`[in, out]`) or one set per leading index (`[B, in, out]`).
        x: `[..., in]` for shared parameters, `[B, n, in]` for batched ones.

    Returns:
        `[..., out]`.
    """
    layers = len(parameters) // 2
    for layer in range(layers):
        weight, bias = parameters[2 * layer], parameters[2 * layer + 1]
        if weight.dim() == 3:
            x = torch.baddbmm(bias.unsqueeze(1), x, weight)
        else:
            x = torch.matmul(x, weight) + bias
        if layer < layers - 1:
            x = torch.nn.functional.silu(x)
    return x
