"""What the models of all families have in common; a planner cannot tell them apart."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from adaptive_control.dynamics.features import FeatureLayout, FeatureMap
from adaptive_control.dynamics.normalizer import Normalizer
from adaptive_control.dynamics.objective import meta_loss
from adaptive_control.dynamics.window import Context, Window

__all__ = ["Dynamics"]


class Dynamics(torch.nn.Module):
    """A dynamics model `x' = f(context, x, a)` whose context comes from the last M transitions.

    Subclasses implement `adapt`, `prior_context` and `residual`. All three are pure: adapting
    returns a context and changes nothing in the model. A family that is trained in a way of its own
    implements `loss` as well.

    A parameter whose name begins with `log_` is the logarithm of what it stands for, and learns at
    the rate of logarithms (`TrainConfig.step_size_rate`).

    Attributes:
        kind: the name of the family, as users type it.
        adapts: whether `adapt` depends on the window at all.
        alone: whether `predict` also takes rows `[N, ...]` of one robot with a context that has no
            batch dimension. Planning on a robot is faster so.
        varies: what of its gradient step `evaluate --ablate` may change and then measures that
            alone: `inner-steps`, `step-sizes`, `layers`.
    """

    kind: ClassVar[str]
    adapts: bool
    alone: ClassVar[bool] = False
    varies: ClassVar[tuple[str, ...]] = ()

    def __init__(self, layout: FeatureLayout):
        super().__init__()
        self.features = FeatureMap(layout)
        self.input_normalizer = Normalizer(layout.input_size)
        self.target_normalizer = Normalizer(layout.observation_size)

    def adapt(self, window: Window) -> Context:
        """The context that the window `[B, M, ...]` asks for."""
        raise NotImplementedError

    def adapt_and_tell(self, window: Window) -> tuple[Context, Tensor | None]:
        """What `adapt` gives; and `[B]`, how long a gradient step was before it was shortened.

        None where no step is ever shortened.
        """
        return self.adapt(window), None

    def prior_context(self, batch: int) -> Context:
        """The context before any adaptation, same structure as `adapt` returns."""
        raise NotImplementedError

    def residual(self, context: Context, inputs: Tensor) -> Tensor:
        """Normalised prediction targets `[B, N, S]` from normalised inputs `[B, N, in]`."""
        raise NotImplementedError

    def loss(
        self, window: Window, future: Window, *, unroll: int, prior_weight: float
    ) -> tuple[Tensor, Tensor]:
        """How this family is trained; by the meta-objective unless it says otherwise.

        Args:
            window: `[B, M, ...]`, what to adapt on.
            future: `[B, K, ...]`, what to predict then.
            unroll: L, steps predicted open loop; divides K.
            prior_weight: weight of the unadapted model's own error.

        Returns:
            What to minimise, and the error after adapting, detached, to be shown.
        """
        return meta_loss(self, window, future, unroll, prior_weight)

    def fit_normalizers(self, observation: Tensor, action: Tensor, target_from: Tensor) -> None:
        """Fit the statistics on all data: `[n, S]`, `[n, A]` and next observations `[n, S]`."""
        self.input_normalizer.fit(self.features.inputs(observation, action))
        self.target_normalizer.fit(self.features.targets(observation, target_from))

    def normalised(self, window: Window) -> tuple[Tensor, Tensor]:
        """Inputs `[B, M, in]` and targets `[B, M, S]`, normalised; 0 in empty slots."""
        inputs = self.features.inputs(window.observation, window.action)
        targets = self.features.targets(window.observation, window.next_observation)
        valid = window.mask > 0
        # Zeros in empty slots, not products with the mask: whatever stood there, NaN included,
        # reaches neither a value nor a gradient.
        return (
            torch.where(valid, self.input_normalizer(inputs), 0.0),
            torch.where(valid, self.target_normalizer(targets), 0.0),
        )

    def predict(
        self, context: Context, observation: Tensor, action: Tensor
    ) -> tuple[Tensor, Context]:
        """One control step ahead.

        Args:
            context: from `adapt` or `prior_context`, leading dimension B.
            observation: `[B, N, S]`.
            action: `[B, N, A]`.

        Returns:
            The next observation `[B, N, S]` and the context to use for the step after.
        """
        inputs = self.input_normalizer(self.features.inputs(observation, action))
        target = self.target_normalizer.bound(self.residual(context, self.bounded(inputs)))
        return self.features.advance(observation, self.target_normalizer.undo(target)), context

    def bounded(self, inputs: Tensor) -> Tensor:
        """Normalised inputs clipped to what the data covered."""
        return self.input_normalizer.bound(inputs)
