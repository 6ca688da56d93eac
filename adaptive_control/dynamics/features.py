"""How observations become model inputs, and model outputs become observations.

A model never sees a robot's raw observation. Fields enter as they are, as (sin, cos), or not at
all (absolute heading, quantities that only the reward needs); the model predicts the change of a
field over one control period, or its next value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

__all__ = ["FeatureLayout", "FeatureMap"]

Encoding = Literal["raw", "angle", "hidden"]
Target = Literal["delta", "value"]


@dataclass(frozen=True)
class FeatureLayout:
    """What each of the S observation fields is to the model; plain data, saved with the weights.

    Attributes:
        encodings: per field, how it enters the model.
        targets: per field, whether its change or its next value is predicted.
        wraps: per field, whether a difference is taken modulo 2 pi.
        action_size: A.
    """

    encodings: tuple[Encoding, ...]
    targets: tuple[Target, ...]
    wraps: tuple[bool, ...]
    action_size: int

    def __post_init__(self) -> None:
        if not len(self.encodings) == len(self.targets) == len(self.wraps):
            raise ValueError("encodings, targets and wraps must have one entry per field")

    @property
    def observation_size(self) -> int:
        """S."""
        return len(self.encodings)

    @property
    def input_size(self) -> int:
        """Width of the model's input, action included."""
        return self.state_size + self.action_size

    @property
    def state_size(self) -> int:
        """Width of what the model sees of an observation."""
        width = {"raw": 1, "angle": 2, "hidden": 0}
        return sum(width[e] for e in self.encodings)


class FeatureMap(torch.nn.Module):
    """Encodes `(observation, action)` and turns predicted targets into the next observation."""

    is_delta: Tensor
    is_wrapped: Tensor

    def __init__(self, layout: FeatureLayout):
        super().__init__()
        self.layout = layout
        self._raw, self._angle = _runs(layout.encodings, "raw"), _runs(layout.encodings, "angle")
        is_delta = [t == "delta" for t in layout.targets]
        buffers = {
            "is_delta": torch.tensor(is_delta, dtype=torch.float32),
            "is_wrapped": torch.tensor(layout.wraps, dtype=torch.bool),
        }
        for name, value in buffers.items():
            self.register_buffer(name, value, persistent=False)

    def inputs(self, observation: Tensor, action: Tensor) -> Tensor:
        """`[..., S]`, `[..., A]` -> `[..., input_size]`, not yet normalised."""
        return torch.cat([*self._parts(observation), action], dim=-1)

    def state(self, observation: Tensor) -> Tensor:
        """`[..., S]` -> `[..., state_size]`: the inputs without the action."""
        return torch.cat(self._parts(observation), dim=-1)

    def _parts(self, observation: Tensor) -> list[Tensor]:
        raw, angles = ([observation[..., run] for run in of] for of in (self._raw, self._angle))
        return [*raw, *map(torch.sin, angles), *map(torch.cos, angles)]

    def targets(self, observation: Tensor, next_observation: Tensor) -> Tensor:
        """What the model should have predicted, `[..., S]`."""
        return self.wrap(next_observation - observation * self.is_delta)

    def wrap(self, difference: Tensor) -> Tensor:
        """Differences of wrapping angles, brought to [-pi, pi); all others as they are."""
        if not any(self.layout.wraps):
            return difference
        wrapped = torch.remainder(difference + math.pi, 2 * math.pi) - math.pi
        return torch.where(self.is_wrapped, wrapped, difference)

    def advance(self, observation: Tensor, target: Tensor) -> Tensor:
        """The next observation that a predicted target means, `[..., S]`."""
        return observation * self.is_delta + target


def _runs(encodings: Sequence[Encoding], kind: Encoding) -> tuple[slice, ...]:
    """Where fields of one kind stand side by side: slices cost a planner less than picking."""
    runs: list[slice] = []
    for index, encoding in enumerate(encodings):
        if encoding != kind:
            continue
        if runs and runs[-1].stop == index:
            runs[-1] = slice(runs[-1].start, index + 1)
        else:
            runs.append(slice(index, index + 1))
    return tuple(runs)
