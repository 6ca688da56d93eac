"""An encoder of the window: a code that says which plant this is, from any number of transitions.

    code = A * sum_i w_i e(z_i) / (kappa + sum_i w_i)          w_i = exp(-rate * age_i)

where e is a small network on what is read of transition i. Old transitions may count less, and
kappa, as many pseudo-transitions without a message, shrinks the code while evidence is scarce; an
empty window gives the code 0. Order within the window matters through age alone, so M is free.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from adaptive_control.dynamics.network import forward, init_parameters
from adaptive_control.dynamics.window import ages

__all__ = ["WindowEncoder"]


class WindowEncoder(torch.nn.Module):
    """Reads transitions one by one and averages their messages.

    Args:
        read_size: width of what is read of a transition.
        width: of the network's hidden layer and of a message.
        code_size: of the code.
        generator: where the random weights come from.
    """

    def __init__(self, read_size: int, width: int, code_size: int, generator: torch.Generator):
        super().__init__()
        self.theta = torch.nn.ParameterList(init_parameters([read_size, width, width], generator))
        with torch.no_grad():  # messages are no network's output: start them at full size
            self.theta[2].mul_(10.0)
        self.code_weight = torch.nn.Parameter(
            torch.randn(width, code_size, generator=generator) / width**0.5
        )
        self.log_rate = torch.nn.Parameter(torch.tensor(math.log(0.03)))
        self.log_pseudo_count = torch.nn.Parameter(torch.tensor(0.0))

    def forward(self, read: Tensor, mask: Tensor) -> Tensor:
        """The code `[B, code]` of what is read, `[B, M, read]`, where the mask is 1."""
        message = torch.nn.functional.silu(forward(tuple(self.theta), read * mask))
        weight = mask * torch.exp(-self.log_rate.exp() * ages(mask))
        mean = (message * weight).sum(1) / (self.log_pseudo_count.exp() + weight.sum(1))
        return torch.matmul(mean, self.code_weight)
