"""What a robot is to everything else: named fields, limits, reward."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

__all__ = ["Field", "RobotSpec"]


@dataclass(frozen=True)
class Field:
    """One number of an observation or an action.

    Attributes:
        name: unique among the fields beside it.
        unit: SI unit ("m", "rad", "m/s", "rad/s"), or "1" if it has none.
        low: least value, in that unit.
        high: greatest value, in that unit.
        encoding: how it enters a model: as it is, as (sin, cos), or not at all.
        target: what a model predicts: its change over one control period, or its next value.
        wraps: an angle whose difference is taken modulo 2 pi.
    """

    name: str
    unit: str
    low: float = -math.inf
    high: float = math.inf
    encoding: Literal["raw", "angle", "hidden"] = "raw"
    target: Literal["delta", "value"] = "delta"
    wraps: bool = False


@dataclass(frozen=True)
class RobotSpec:
    """A robot as models, planners and files see it.

    Attributes:
        name: registry name.
        dt: control period [s].
        observation: the S observation fields, in order.
        action: the A action fields, in order.
        reward: `(observation [..., S], action [..., A], next_observation [..., S]) -> [...]`,
            for numpy arrays and torch tensors alike.
        fallen: `observation [..., S] -> bool [...]`, for numpy arrays and torch tensors alike.
        legs: action indices of each leg, by the leg's name.
        fall_cost: what a planner charges for a predicted fall, in units of return; a fall also
            ends the sequence. Zero for a robot that cannot fall.
    """

    name: str
    dt: float
    observation: tuple[Field, ...]
    action: tuple[Field, ...]
    reward: Callable[[Any, Any, Any], Any]
    fallen: Callable[[Any], Any]
    legs: Mapping[str, tuple[int, ...]]
    fall_cost: float = 0.0

    @property
    def observation_size(self) -> int:
        """S."""
        return len(self.observation)

    @property
    def action_size(self) -> int:
        """A."""
        return len(self.action)

    @property
    def observation_names(self) -> tuple[str, ...]:
        """Names of the S observation fields, in order."""
        return tuple(field.name for field in self.observation)

    @property
    def action_names(self) -> tuple[str, ...]:
        """Names of the A action fields, in order."""
        return tuple(field.name for field in self.action)

    @property
    def action_low(self) -> np.ndarray:
        """Lower action limits, [A] float32."""
        return np.array([field.low for field in self.action], dtype=np.float32)

    @property
    def action_high(self) -> np.ndarray:
        """Upper action limits, [A] float32."""
        return np.array([field.high for field in self.action], dtype=np.float32)
