"""Transitions recorded in simulation: a bundle ships with some, to be checked on any machine."""

from __future__ import annotations

import numpy as np

from deploy.export.reference import Transitions
from robots import RobotSpec

__all__ = ["record_transitions"]


def record_transitions(robot: str, length: int, seed: int = 0) -> Transitions:
    """`length` consecutive transitions of the unperturbed robot under slow random actions.

    Args:
        robot: its name.
        length: T.
        seed: of the robot's first state and of the actions.
    """
    from robots import Simulator  # which brings MuJoCo

    simulator = Simulator(robot)
    spec: RobotSpec = simulator.robot.spec
    rng = np.random.default_rng(seed)
    observation = simulator.reset(seed)
    action = np.zeros(spec.action_size, np.float32)
    rows = []
    for _ in range(length):
        action = 0.8 * action + 0.6 * rng.standard_normal(spec.action_size).astype(np.float32)
        applied = np.clip(action * spec.action_high, spec.action_low, spec.action_high)
        step = simulator.step(applied)
        rows.append((observation, applied, step.observation))
        observation = step.observation
    arrays = (np.stack(column).astype(np.float32) for column in zip(*rows, strict=True))
    return Transitions(*arrays)
