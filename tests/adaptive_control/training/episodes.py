"""Synthetic episodes: a linear plant whose gain differs from episode to episode."""

from __future__ import annotations

import numpy as np

from adaptive_control.training.dataset import Episodes
from tests.adaptive_control.models import LAYOUT


def plant_episodes(count: int = 12, steps: int = 30, seed: int = 0) -> Episodes:
    """Episodes in which the effect of the first action has a random sign and size."""
    rng = np.random.default_rng(seed)
    size, actions = LAYOUT.observation_size, LAYOUT.action_size
    observation = np.empty((count, steps + 1, size), np.float32)
    observation[:, 0] = rng.normal(size=(count, size))
    action = rng.uniform(-1, 1, (count, steps, actions)).astype(np.float32)
    gain = rng.uniform(-1, 1, (count, 1))
    for t in range(steps):
        push = np.concatenate([gain * action[:, t, :1], action[:, t, 1:2]], axis=1)
        change = np.concatenate([push, push, push[:, :1]], axis=1)
        observation[:, t + 1] = 0.9 * observation[:, t] + change
    segment = np.zeros((count, steps), np.int32)
    return Episodes(observation[:, :-1], action, observation[:, 1:].copy(), segment)
