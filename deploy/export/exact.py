"""A model that plans in full precision, as the graphs do: what a bundle is held against."""

from __future__ import annotations

import torch
from torch import Tensor

from adaptive_control.dynamics import Dynamics
from adaptive_control.dynamics.rollout import returns
from adaptive_control.dynamics.value import TerminalValue
from adaptive_control.planning import PlanningModel
from controllers import Lookahead
from robots import RobotSpec

__all__ = ["ExactModel"]

_ROUNDING = 1e-6
"""Of returns, relative to the greatest of them: eight units in the last place."""


class ExactModel(PlanningModel):
    """Plans in full precision, as the graphs do; planning in torch takes less for speed.

    With `wobble`, each return is off by about as much as the order of a few additions changes it.
    """

    def __init__(
        self, dynamics: Dynamics, spec: RobotSpec, value: TerminalValue | None, wobble: int = 0
    ) -> None:
        super().__init__(dynamics, spec, value)
        self._exact = (dynamics, spec, value)
        self._generator = torch.Generator().manual_seed(wobble) if wobble else None

    @torch.no_grad()
    def returns(
        self,
        context: tuple[Tensor, ...],
        observation: Tensor,
        actions: Tensor,
        lookahead: Lookahead = Lookahead(),  # noqa: B008 - frozen
    ) -> Tensor:
        dynamics, spec, value = self._exact
        found = returns(
            dynamics, spec.reward, context, observation, actions,
            caution=spec.caution, charged=lookahead.caution,
            value=value, terminal=lookahead.terminal,
            drops=lookahead.drops(*actions.shape[1:3]),
        )  # fmt: skip
        if self._generator is None:
            return found
        noise = torch.randn(found.shape, generator=self._generator)
        return found + _ROUNDING * found.abs().max() * noise
