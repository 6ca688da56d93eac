"""What everything that predicts, scores or trains may ask of a model of any family."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor

from adaptive_control.dynamics.features import FeatureMap
from adaptive_control.dynamics.normalizer import Normalizer
from adaptive_control.dynamics.window import Context, Window

__all__ = ["AdaptiveDynamics"]


@runtime_checkable
class AdaptiveDynamics(Protocol):
    """A model whose context comes from the last M transitions; `base.Dynamics` is one."""

    adapts: bool
    features: FeatureMap
    target_normalizer: Normalizer

    def adapt(self, window: Window) -> Context:
        """The context that the window `[B, M, ...]` asks for."""
        ...

    def prior_context(self, batch: int) -> Context:
        """The context before any adaptation, same structure as `adapt` returns."""
        ...

    def predict(
        self, context: Context, observation: Tensor, action: Tensor
    ) -> tuple[Tensor, Context]:
        """The observation one control step ahead, and the context for the step after."""
        ...

    def loss(
        self, window: Window, future: Window, *, unroll: int, prior_weight: float
    ) -> tuple[Tensor, Tensor]:
        """How it is trained: what to minimise, and the error after adapting, detached."""
        ...
