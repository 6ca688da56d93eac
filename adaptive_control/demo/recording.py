"""What happened to one twin, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Recording"]


@dataclass(frozen=True)
class Recording:
    """T control steps of B robots that all run the same model; robot b has its own seed.

    Attributes:
        model: the model that planned, as users type it.
        agent: other settings it ran with, as metrics.json shows them.
        dt: control period [s].
        seeds: `[B]`, each robot's seed.
        actions: `[T, B, A]` float32, as applied; with the seed they repeat the run exactly.
        observation: `[T + 1, B, S]` float32, what the agent was told.
        position: `[T + 1, B]` how far the torso is along world x [m].
        reward: `[T, B]`.
        fallen: `[T, B]` bool, after the step.
        error_before: `[T, B]` normalised one-step model error of the prior, on the transition that
            ended when step t began; NaN at t = 0.
        error_after: `[T, B]` the same for the adapted model, made before it saw that transition.
        gate_open: `[T, B]` bool, whether the adapted model planned step t.
        plan_s: `[T]` wall-clock time to plan for all B robots [s].
        adapt_s: `[T]` wall-clock time to adapt all B models [s].
    """

    model: str
    agent: Mapping[str, Any]
    dt: float
    seeds: tuple[int, ...]
    actions: NDArray[np.float32]
    observation: NDArray[np.float32]
    position: NDArray[np.float64]
    reward: NDArray[np.float64]
    fallen: NDArray[np.bool_]
    error_before: NDArray[np.float64]
    error_after: NDArray[np.float64]
    gate_open: NDArray[np.bool_]
    plan_s: NDArray[np.float64]
    adapt_s: NDArray[np.float64]

    @property
    def steps(self) -> int:
        """T."""
        return len(self.reward)

    @property
    def speed(self) -> NDArray[np.float64]:
        """Forward speed in each step, displacement over the control period, `[T, B]` [m/s]."""
        return np.diff(self.position, axis=0) / self.dt
