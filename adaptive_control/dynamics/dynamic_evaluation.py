"""MB with dynamic evaluation: plain gradient steps online (Krause et al. 2018).

    theta' = theta - alpha * grad_theta  L(window; theta)

with one fixed alpha, from the stored prior at every control step. The prior is MB's own: nothing
in its training knew that it would be adapted. The baseline "MB+DE" of Nagabandi & Clavera et al.
2019, section 6, which keeps adapting the last step's weights; from the prior, errors cannot pile
up.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from torch import Tensor

from adaptive_control.adaptation.gradient import descend, steps_of, window_loss
from adaptive_control.dynamics.mb import MB
from adaptive_control.dynamics.network import Parameters, batched, forward
from adaptive_control.dynamics.window import Context, Window

__all__ = ["DynamicEvaluation"]


class DynamicEvaluation(MB):
    """MB's weights, adapted by gradient descent on the window. The context is the weights."""

    kind = "mb-de"
    adapts = True
    varies = ("inner-steps",)
    step_size: ClassVar[float] = 0.03
    """alpha, for all parameters; the best of 0.003 to 0.1 on both robots' training episodes."""
    inner_steps: ClassVar[int] = 1
    """Gradient steps a control step; three or ten found nothing that one did not."""

    def adapt(self, window: Window) -> Context:
        return self._descend(window)[0]

    @property
    def limit(self) -> Tensor | None:
        """The longest step; none, as this baseline is known."""
        return None

    def _descend(self, window: Window) -> tuple[Context, Parameters]:
        prior = self.prior_context(window.observation.shape[0])
        return descend(prior, partial(self._steps, window=window), self.inner_steps, self.limit)

    def _steps(self, parameters: Parameters, window: Window) -> Parameters:
        """What a step subtracts from these parameters."""
        inputs, targets = self.normalised(window)
        loss = partial(window_loss, inputs=inputs, targets=targets, mask=window.mask)
        return steps_of(loss, parameters, [self.step_size] * len(parameters))

    def prior_context(self, batch: int) -> Context:
        return batched(tuple(self.theta), batch)

    def residual(self, context: Context, inputs: Tensor) -> Tensor:
        return forward(context, inputs)
