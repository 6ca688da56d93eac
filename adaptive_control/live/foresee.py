"""Where the planner believes the robot will go: torso paths of its candidates.

The model does not see where the robot is, so the path is the sum of the speeds it predicts.
"""

from __future__ import annotations

import numpy as np
import torch

from adaptive_control.dynamics.rollout import trajectory
from adaptive_control.live.snapshot import Foresight

__all__ = ["torso_paths"]


@torch.no_grad()
def torso_paths(foresight: Foresight) -> np.ndarray:
    """Paths in the world `[n, H + 1, 3]` [m], each from the torso's place; NaN-free."""
    spec, actions = foresight.spec, foresight.actions
    start = foresight.observation[:, None].expand(-1, actions.shape[1], -1)
    predicted = trajectory(foresight.dynamics, foresight.context, start, actions)
    states = torch.cat([start[:, :, None], predicted], dim=2)[0].numpy()
    names = spec.observation_names
    column = {name: states[..., index] for index, name in enumerate(names)}
    forward = column["forward_speed"][:, 1:]
    lateral = column["lateral_speed"][:, 1:] if "lateral_speed" in column else 0 * forward
    yaw = column["yaw"][:, :-1] if "yaw" in column else 0 * forward
    steps = np.stack(
        [
            np.cos(yaw) * forward - np.sin(yaw) * lateral,
            np.sin(yaw) * forward + np.cos(yaw) * lateral,
        ],
        axis=-1,
    )
    paths = np.zeros((*states.shape[:2], 3))
    paths[:, 1:, :2] = np.cumsum(steps * spec.dt, axis=1)
    height = column["height"]
    paths[..., 2] = height - height[:, :1]
    # A diverged candidate leads anywhere; ten metres are more than any horizon.
    return np.clip(np.nan_to_num(paths, nan=0.0), -10.0, 10.0) + foresight.origin
