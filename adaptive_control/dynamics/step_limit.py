"""Families that take a gradient step on the window: none is longer than those of training.

The squared error's gradient grows with the error. Where a robot does what no training episode had,
as lying on its back, a step of the learned size is many times longer than any that was learned
from, and what it lands on is no model of anything (docs/decisions/0010).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from adaptive_control.adaptation.gradient import lengths
from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.network import Parameters
from adaptive_control.dynamics.window import Context, Window

__all__ = ["StepLimit"]

_SHARE = 0.95
"""Share of the training's own windows whose step is not shortened."""


class StepLimit(Dynamics):
    """Knows the longest step it may take.

    Attributes:
        step_limit: the length, a tensor without dimensions; 0 while the model is trained: none.
    """

    step_limit: Tensor

    def __init__(self, *given: Any):
        super().__init__(*given)
        self.register_buffer("step_limit", torch.zeros(()))
        self._limited = False  # known without looking into the tensor, which tracing could not

    def adapted(self, window: Window) -> tuple[Context, Parameters]:
        """The context that `adapt` gives, and the first step, as it was before it was shortened."""
        raise NotImplementedError

    def adapt(self, window: Window) -> Context:
        return self.adapted(window)[0]

    def adapt_and_tell(self, window: Window) -> tuple[Context, Tensor | None]:
        context, step = self.adapted(window)
        return context, None if self.limit is None else lengths(step)

    def step_lengths(self, window: Window) -> Tensor:
        """How long the first step would be without a limit, `[B]`."""
        return lengths(self.adapted(window)[1])

    @property
    def limit(self) -> Tensor | None:
        """What `adaptation.gradient.less` takes."""
        return self.step_limit if self._limited else None

    @torch.no_grad()
    def limit_steps(self, window: Window) -> None:
        """From now on, shorten steps longer than those on 19 of 20 of these windows.

        Args:
            window: `[B, M, ...]`, of the kind that the model was trained for.
        """
        self.step_limit.copy_(torch.quantile(self.step_lengths(window), _SHARE))
        self._limited = bool(self.step_limit > 0)

    def lift_limit(self) -> None:
        """No step is shortened any more."""
        self.step_limit.zero_()
        self._limited = False

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        # A model from before there was a limit has none.
        state_dict.setdefault(f"{prefix}step_limit", torch.zeros(()))
        super()._load_from_state_dict(state_dict, prefix, *rest)
        self._limited = bool(self.step_limit > 0)
