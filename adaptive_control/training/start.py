"""A fit that begins with a model instead of random weights.

What a model is besides its weights goes on as well: the statistics by which it normalises, as its
weights mean nothing under others, and its terminal value.
"""

from __future__ import annotations

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.registry import make_dynamics
from adaptive_control.dynamics.step_limit import StepLimit
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.training.checkpoint import LoadedModel, load_named
from adaptive_control.training.config import TrainConfig
from adaptive_control.training.value import FittedValue

__all__ = ["begin", "kept_value", "starting_model"]


def starting_model(config: TrainConfig) -> LoadedModel | None:
    """The model that a run begins with; None: random weights.

    Raises:
        AdaptiveControlError: it cannot be read, or is of another robot, method, window or size.
    """
    if not config.weights:
        return None
    model, path = load_named(config.weights, field="weights")
    for name, found, wanted in (
        ("robot", model.robot, config.robot),
        ("model", model.kind, config.model),
        ("window", model.window, config.window),
    ):
        if found != wanted:
            raise AdaptiveControlError(f"{name}={wanted}: the model in {path} has {found}")
    layout = model.dynamics.features.layout
    begin(make_dynamics(config.model, layout, config.hidden, config.seed), model)
    return model


def begin(dynamics: Dynamics, start: LoadedModel) -> None:
    """Take over weights and statistics.

    Raises:
        AdaptiveControlError: the model's layers have other sizes.
    """
    try:
        dynamics.load_state_dict(start.dynamics.state_dict())
    except RuntimeError as error:
        shapes = [list(p.shape) for p in start.dynamics.parameters() if p.dim() == 2]
        raise AdaptiveControlError(
            f"hidden: the model to begin with has layers of other sizes: {shapes[:3]}"
        ) from error
    if isinstance(dynamics, StepLimit):
        dynamics.lift_limit()  # of the last fit; it would be part of what this one trains through


def kept_value(start: LoadedModel) -> FittedValue | None:
    """Its terminal value; what it explains is told by the run that fitted it."""
    if start.value is None:
        return None
    explained = (start.metadata.get("value") or {}).get("explained", float("nan"))
    return FittedValue(start.value, float(explained))
