"""ReBAL: recurrence-based adaptive learner (Nagabandi & Clavera et al. 2019, section 4.2).

The update rule is recurrent: a gated recurrent unit reads the window, transition by transition,
and its last hidden state is the context that the prediction network is conditioned on for the
next K steps. Trained on the same M/K objective as GrBAL.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.dynamics.network import forward, init_parameters
from adaptive_control.dynamics.window import Context, Window

__all__ = ["ReBAL"]


class ReBAL(Dynamics):
    """A network conditioned on the hidden state of a GRU that has read the window."""

    kind = "rebal"
    adapts = True

    def __init__(
        self,
        layout: FeatureLayout,
        hidden: Sequence[int],
        generator: torch.Generator,
        *,
        state_size: int = 128,
        code_size: int = 16,
    ):
        super().__init__(layout)
        read = layout.input_size + layout.observation_size
        scale = state_size**-0.5
        uniform = lambda *s: (torch.rand(*s, generator=generator) * 2 - 1) * scale  # noqa: E731
        self.input_weight = torch.nn.Parameter(uniform(read, 3 * state_size))
        self.state_weight = torch.nn.Parameter(uniform(state_size, 3 * state_size))
        self.input_bias = torch.nn.Parameter(uniform(3 * state_size))
        self.state_bias = torch.nn.Parameter(uniform(3 * state_size))
        self.first_state = torch.nn.Parameter(torch.zeros(state_size))
        self.code_weight = torch.nn.Parameter(uniform(state_size, code_size))
        sizes = [layout.input_size + code_size, *hidden, layout.observation_size]
        self.theta = torch.nn.ParameterList(init_parameters(sizes, generator))

    def adapt(self, window: Window) -> Context:
        read = torch.cat(self.normalised(window), dim=-1) * window.mask
        state = self.first_state.expand(read.shape[0], -1)
        projected = torch.matmul(read, self.input_weight) + self.input_bias
        for step in range(read.shape[1]):
            new = self._cell(projected[:, step], state)
            state = torch.where(window.mask[:, step] > 0, new, state)
        return (torch.matmul(state, self.code_weight),)

    def _cell(self, projected: Tensor, state: Tensor) -> Tensor:
        """GRU cell (Cho et al. 2014) on an input that is already projected, `[B, 3 * state]`."""
        recurrent = torch.matmul(state, self.state_weight) + self.state_bias
        reset_in, update_in, new_in = projected.chunk(3, dim=-1)
        reset_st, update_st, new_st = recurrent.chunk(3, dim=-1)
        reset = torch.sigmoid(reset_in + reset_st)
        update = torch.sigmoid(update_in + update_st)
        new = torch.tanh(new_in + reset * new_st)
        return (1 - update) * new + update * state

    def prior_context(self, batch: int) -> Context:
        return (torch.matmul(self.first_state, self.code_weight).expand(batch, -1),)

    def residual(self, context: Context, inputs: Tensor) -> Tensor:
        (code,) = context
        wide = code.unsqueeze(1).expand(-1, inputs.shape[1], -1)
        return forward(tuple(self.theta), torch.cat([inputs, wide], dim=-1))
