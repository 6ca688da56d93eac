"""The terminal value: the return that is to be expected beyond a planner's horizon.

    V(x) = E[ sum over k of discount^k * r_k  |  start in x, act as the data did ]

A model is right for so many steps; a planner that looks no further is short-sighted, one that looks
further plans in fog. A value at the end of a short horizon says which of the states within sight
are good to be in. It knows nothing of the fault at hand: it is the mean over those of training.
What a motion does to a robot does not depend on where it heads, what it earns does: beside all
that a model sees of a state, the value sees absolute headings.
Fitted in `adaptive_control.training.value`.

Source: Lowrey et al., "Plan Online, Learn Offline" (ICLR 2019), section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from adaptive_control.dynamics.features import FeatureLayout, FeatureMap
from adaptive_control.dynamics.network import forward, init_parameters
from adaptive_control.dynamics.normalizer import Normalizer

__all__ = ["VALUE_HIDDEN", "TerminalValue"]

VALUE_HIDDEN = (128, 128)
"""Widths of the hidden layers; an iteration of a planner asks for it once, not once a step."""


class TerminalValue(torch.nn.Module):
    """`observation [..., S] -> [...]`, in units of return.

    Args:
        layout: what of an observation may be seen, as for the dynamics model.
        generator: of the first weights.
        hidden: widths of the hidden layers.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        layout: FeatureLayout,
        generator: torch.Generator,
        hidden: Sequence[int] = VALUE_HIDDEN,
    ):
        super().__init__()
        self.features = FeatureMap(_with_headings(layout))
        size = self.features.layout.state_size
        self.normalizer = Normalizer(size)
        sizes = (size, *hidden, 1)
        self.theta = torch.nn.ParameterList(init_parameters(sizes, generator))
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("scale", torch.ones(()))

    def forward(self, observation: Tensor) -> Tensor:
        """The value of each observation."""
        return self.mean + self.scale * self.normalised(observation)

    def normalised(self, observation: Tensor) -> Tensor:
        """The value in standard deviations from the mean, as it is fitted."""
        state = self.normalizer.bound(self.normalizer(self.features.state(observation)))
        return forward(tuple(self.theta), state)[..., 0]


def _with_headings(layout: FeatureLayout) -> FeatureLayout:
    """The layout with absolute headings, which it hides, as angles."""
    fields = zip(layout.encodings, layout.wraps, strict=True)
    encodings = tuple("angle" if e == "hidden" and wraps else e for e, wraps in fields)
    return replace(layout, encodings=encodings)
