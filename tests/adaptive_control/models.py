"""Small models and windows for tests."""

from __future__ import annotations

import torch

from adaptive_control.dynamics import DYNAMICS, Dynamics, FeatureLayout, Window, make_dynamics
from adaptive_control.dynamics.grbal import GrBAL
from adaptive_control.methods import fitted_methods, method_names

LAYOUT = FeatureLayout(
    encodings=("raw", "angle", "raw", "hidden", "hidden"),
    targets=("delta", "delta", "delta", "delta", "value"),
    wraps=(False, False, False, True, False),
    action_size=2,
)
KINDS = method_names()
FITTED = fitted_methods()
ADAPTIVE = tuple(kind for kind in KINDS if DYNAMICS[kind].adapts)


def tiny(kind: str, seed: int = 0) -> Dynamics:
    """An untrained model with random weights everywhere, in float64."""
    dynamics = make_dynamics(kind, LAYOUT, (8, 8), seed).double()
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for name, parameter in dynamics.named_parameters():
            if "log_" not in name:
                noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
                parameter.add_(0.3 * noise)
    return dynamics


def tiny_grbal(kind: str = "grbal", seed: int = 0) -> GrBAL:
    """`tiny(kind)`, of a kind that is a GrBAL, typed."""
    dynamics = tiny(kind, seed)
    assert isinstance(dynamics, GrBAL)
    return dynamics


def random_window(batch: int, length: int, seed: int = 0, *, filled: int | None = None) -> Window:
    """A window of random transitions, the newest `filled` slots valid (default all)."""
    generator = torch.Generator().manual_seed(seed)
    size, actions = LAYOUT.observation_size, LAYOUT.action_size
    draw = lambda width: torch.randn(  # noqa: E731
        batch, length, width, generator=generator, dtype=torch.float64
    )
    filled = length if filled is None else filled
    mask = (torch.arange(length) >= length - filled).double()
    observation = draw(size)
    following = observation + 0.3 * draw(size)
    return Window(observation, draw(actions), following, mask.expand(batch, -1).unsqueeze(-1))
