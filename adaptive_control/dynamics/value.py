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

    heading: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        layout: FeatureLayout,
        generator: torch.Generator,
        hidden: Sequence[int] = VALUE_HIDDEN,
    ):
        super().__init__()
        self.features = FeatureMap(layout)
        hidden_angles = zip(layout.encodings, layout.wraps, strict=True)
        headings = [i for i, (e, wraps) in enumerate(hidden_angles) if e == "hidden" and wraps]
        self.register_buffer("heading", torch.tensor(headings, dtype=torch.long), persistent=False)
        size = layout.state_size + 2 * len(headings)
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
        seen = self.normalizer.bound(self.normalizer(self.seen(observation)))
        return forward(tuple(self.theta), seen)[..., 0]

    def seen(self, observation: Tensor) -> Tensor:
        """`[..., S]` -> what it sees of an observation, not yet normalised."""
        state = self.features.state(observation)
        if not self.heading.numel():
            return state
        heading = observation.index_select(-1, self.heading)
        return torch.cat([state, torch.sin(heading), torch.cos(heading)], dim=-1)
