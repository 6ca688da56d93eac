"""What happened to robots that ran under one model, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from adaptive_control.training.dataset import Episodes

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

    @classmethod
    def of(
        cls,
        model: str,
        agent: Mapping[str, Any],
        dt: float,
        seeds: Sequence[int],
        observation: Any,
        position: Any,
        rows: Sequence[Mapping[str, Any]],
    ) -> Self:
        """From what each step left, one row a step; the other arguments as the attributes."""
        columns = {name: np.asarray([row[name] for row in rows]) for name in rows[0]}
        return cls(
            model=model,
            agent=agent,
            dt=dt,
            seeds=tuple(seeds),
            observation=np.asarray(observation),
            position=np.asarray(position, dtype=np.float64),
            **columns,
        )

    @property
    def steps(self) -> int:
        """T."""
        return len(self.reward)

    @property
    def speed(self) -> NDArray[np.float64]:
        """Forward speed in each step, displacement over the control period, `[T, B]` [m/s]."""
        return np.diff(self.position, axis=0) / self.dt

    def transitions(self, first: int = 0, last: int | None = None) -> Episodes:
        """Steps `first` to `last` as a model is trained on them; the end if `last` is None.

        A robot that has fallen lies where it is: a segment of its own for every step it lies, so
        that no window and no prediction reaches across.
        """
        last = self.steps if last is None else last
        swap = lambda series: np.swapaxes(series, 0, 1)  # noqa: E731
        observation = swap(self.observation[first : last + 1])
        lying = np.cumsum(swap(self.fallen[first:last]), axis=1)
        return Episodes(
            observation[:, :-1],
            swap(self.actions[first:last]),
            observation[:, 1:],
            lying.astype(np.int32),
        )
