"""What the MPC agent asks of a dynamics model.

`adaptive_control` has models that satisfy this with torch, `deploy.runtime` with onnxruntime, and
the tests with ten lines of numpy; the agent cannot tell them apart.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from controllers.arrays import Array
from controllers.lookahead import Lookahead
from controllers.window import Window

__all__ = ["AdaptiveModel", "Context"]

Context = tuple[Array, ...]
"""What adapting produced: arrays with a leading dimension B; `()` for a model that cannot adapt."""


@runtime_checkable
class AdaptiveModel(Protocol):
    """A dynamics model `x' = f(context, x, a)` with a reward. All methods are pure."""

    def prior_context(self, batch: int) -> Context:
        """The context without adaptation: leading dimension `batch`; `()` if never adapted."""
        ...

    def adapt(self, window: Window) -> Context:
        """The context that the window asks for, always computed from the prior.

        Args:
            window: the last M transitions `[B, M, ...]`, some slots perhaps empty.

        Returns:
            The same structure and shapes as `prior_context`.
        """
        ...

    def predict(self, context: Context, observation: Array, action: Array) -> tuple[Array, Context]:
        """One control step ahead.

        Args:
            context: leading dimension B.
            observation: `[B, N, S]`.
            action: `[B, N, A]`.

        Returns:
            The next observation `[B, N, S]`, and the context for the step after it.
        """
        ...

    def returns(
        self,
        context: Context,
        observation: Array,
        actions: Array,
        lookahead: Lookahead = Lookahead(),  # noqa: B008 - frozen
    ) -> Array:
        """The reward summed over the horizon, less what caution charges, and the value beyond it.

        Args:
            context: leading dimension B.
            observation: `[B, S]`, where all sequences start.
            actions: `[B, N, H, A]`.
            lookahead: who is followed to the end, the weight of the terminal value there, for which
                a model without terminal value takes the default alone, and of what caution charges.

        Returns:
            `[B, N]`; -inf for candidates that were dropped on the way, NaN or infinite where the
            model diverged.
        """
        ...
