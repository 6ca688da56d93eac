"""A gait: joint targets that repeat, which a robot's actions are added to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Gait"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Gait:
    """Joint targets of each control step of a cycle.

    A robot with a gait is driven by joint targets rather than torques: its model's actuators are
    position servos, and its action is what is added to the gait's targets. Where the cycle stands
    depends on nothing but the control steps since the start of the episode; the robot tells it, as
    the last two fields of its observation.

    Attributes:
        targets: in action order [n, A] [rad].
    """

    fields: ClassVar[tuple[str, str]] = ("gait_sin", "gait_cos")
    """Names of the observation fields that `phase` gives."""

    targets: Array

    def commands(self, actions: Any, steps: Any) -> Array:
        """Joint targets under `actions` [..., A] in control steps `steps` [...], [..., A] [rad]."""
        return self.targets[np.asarray(steps) % len(self.targets)] + actions

    def phase(self, steps: Any) -> Array:
        """Sine and cosine of the angle in the cycle after `steps` control steps, [...] -> [..., 2].

        At the start of an episode the angle is zero; after n steps it is zero again.
        """
        return self._phases[np.asarray(steps) % len(self.targets)]

    @cached_property
    def _phases(self) -> Array:
        angle = 2 * np.pi * np.arange(len(self.targets)) / len(self.targets)
        return np.stack([np.sin(angle), np.cos(angle)], axis=1)
