"""Whether an adaptation step can be believed before it has predicted anything.

The gate of the agent judges by predictions, so it needs a transition to notice. What is wrong at
once - a step that is not finite, far greater than all before, or that makes the window itself worse
- is replaced by the prior here, so that not even one plan is made with it.
"""

from __future__ import annotations

import math
from typing import Any

from controllers import AdaptiveModel, Context, Lookahead, Window

__all__ = ["SoundModel"]

GREATEST_STEP = 20.0
"""A step may be this many times the mean of those before."""

LEARNED = 10
"""Steps seen until their mean means something."""

FORGET = 0.01
"""Part of the mean that each further step replaces. One that is refused counts as the greatest
that would not have been, so that the mean grows by a fifth: steps that stay 100 times the usual are
refused for ten plans and not for good."""

WORSE = 2.0
"""The loss on the window after the step, in those before it, up to which a step may be right: a
recurrent model does not lower it at every step, and whether it predicts better is for the gate."""


class SoundModel:
    """A model whose unsound adaptations are its prior (`controllers.AdaptiveModel`).

    Args:
        model: whose `last_adaptation`, where it has one, tells the losses and the norm of a step.
    """

    def __init__(self, model: AdaptiveModel) -> None:
        self._model = model
        self.forget()

    def forget(self) -> None:
        """Forget which steps are usual."""
        self._mean, self._count = 0.0, 0
        self.unsound = ""
        """What is wrong with the last adaptation; "" if nothing is."""

    @property
    def last_adaptation(self) -> Any:
        """How the last adaptation went; None where the model does not say."""
        return getattr(self._model, "last_adaptation", None)

    def prior_context(self, batch: int) -> Context:
        return self._model.prior_context(batch)

    def adapt(self, window: Window) -> Context:
        """The context that the window asks for; the prior's if that is unsound."""
        context = self._model.adapt(window)
        self.unsound = self._fault()
        return self._model.prior_context(1) if self.unsound else context

    def predict(self, context: Context, observation: Any, action: Any) -> tuple[Any, Context]:
        return self._model.predict(context, observation, action)

    def returns(
        self,
        context: Context,
        observation: Any,
        actions: Any,
        lookahead: Lookahead = Lookahead(),  # noqa: B008 - frozen
    ) -> Any:
        return self._model.returns(context, observation, actions, lookahead)

    def _fault(self) -> str:
        report = self.last_adaptation
        if report is None:
            return ""
        norm = report.step_norm
        if not math.isfinite(norm) or not math.isfinite(report.loss_after):
            return "the step is not finite"
        if report.loss_after > WORSE * report.loss_before:
            return f"the loss rose from {report.loss_before:.3g} to {report.loss_after:.3g}"
        usual, greatest = self._mean, GREATEST_STEP * self._mean
        if self._count >= LEARNED and norm > greatest:
            self._mean += FORGET * (greatest - usual)
            return f"a step of {norm:.3g}, where {usual:.3g} is usual"
        if norm > 0:  # an empty window makes no step, and says nothing of what is usual
            self._count += 1
            self._mean += max(FORGET, 1 / self._count) * (norm - self._mean)
        return ""
