"""What a robot is to everything else: named fields, limits, reward."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

__all__ = ["Caution", "Field", "RobotSpec"]


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
class Caution:
    """What a planner keeps away from, beyond what the reward says; models are never quite right.

    Attributes:
        unsafe: `observation [..., S] -> bool [...]`; a planned sequence ends in such a state.
            Stricter than `fallen`: once a fall is certain it can no longer be avoided.
        cost: what entering an unsafe state costs, in units of return.
        unease: `observation [..., S] -> [...]`, charged at each planned step.
        recoverable: an unsafe state can be left again. A sequence that starts in one then goes on,
            so that the way back can be planned; otherwise it ends like any other.
    """

    unsafe: Callable[[Any], Any]
    cost: float
    unease: Callable[[Any], Any]
    recoverable: bool = False


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
        caution: what planners keep away from; None for a robot that cannot fall.
    """

    name: str
    dt: float
    observation: tuple[Field, ...]
    action: tuple[Field, ...]
    reward: Callable[[Any, Any, Any], Any]
    fallen: Callable[[Any], Any]
    legs: Mapping[str, tuple[int, ...]]
    caution: Caution | None = None

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
