"""The K-step model error of a demo run: how much adapting helps a planner to look ahead.

The one-step error of the recording is measured while the robot runs; this one afterwards, on the
same transitions: at every full window after the fault, predict the next K transitions with the
prior and with the model adapted to that window, first each from its own recorded observation (what
the paper's meta-objective scores), then open loop (what a planner relies on), then as the model was
trained: K transitions in segments of L steps open loop.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adaptive_control.episodes import K_STEPS, KStepError, Recording, k_step_error
from adaptive_control.training import LoadedModel

__all__ = ["k_step_metrics"]


def k_step_metrics(
    model: LoadedModel, recording: Recording, fault_step: int | None
) -> dict[str, Any] | None:
    """Mean squared errors over the K steps after each window, and their ratio.

    Args:
        model: the model that planned.
        recording: T steps of B robots.
        fault_step: k; transitions from there on are used, all of them if None.

    Returns:
        `steps` and `before_adaptation`, `after_adaptation`, `ratio` of the K transitions; the same
        under `open_loop`, and under `as_trained` with the K and L of the model's training, where
        they are known. None if no robot ran upright for M + K steps after the fault.
    """
    first = fault_step or 0
    if recording.steps - first < model.window + K_STEPS:
        return None
    if not np.isfinite(recording.observation[first:]).all():
        return None
    episodes = recording.transitions(first)
    scored = k_step_error(model.dynamics, episodes, model.window, K_STEPS, unroll=1)
    open_loop = k_step_error(model.dynamics, episodes, model.window, K_STEPS)
    if scored is None or open_loop is None:
        return None
    found = {"steps": K_STEPS, **_figures(scored), "open_loop": _figures(open_loop)}
    settings = model.metadata.get("settings", {})
    if {"future", "unroll"} <= settings.keys():
        steps, unroll = settings["future"], settings["unroll"]
        trained = k_step_error(model.dynamics, episodes, model.window, steps, unroll=unroll)
        if trained is not None:
            found["as_trained"] = {"steps": steps, "unroll": unroll, **_figures(trained)}
    return found


def _figures(error: KStepError) -> dict[str, float]:
    return {
        "before_adaptation": float(error.before.mean()),
        "after_adaptation": float(error.after.mean()),
        "ratio": error.ratio,
    }
