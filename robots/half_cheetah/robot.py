"""The half-cheetah's fields and how they are measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robots.half_cheetah import constants
from robots.half_cheetah.caution import unease, unsafe
from robots.half_cheetah.reward import fallen, reward
from robots.robot import Robot, gymnasium_model_file
from robots.spec import Caution, Field, RobotSpec

__all__ = ["ROBOT", "SPEC"]

Array = NDArray[np.float64]

SPEC = RobotSpec(
    name="half-cheetah",
    dt=constants.DT,
    observation=(
        Field("height", "m"),
        Field("pitch", "rad", encoding="angle"),
        *(Field(f"{joint}_angle", "rad") for joint in constants.JOINTS),
        Field("forward_velocity", "m/s"),
        Field("vertical_velocity", "m/s"),
        Field("pitch_rate", "rad/s"),
        *(Field(f"{joint}_velocity", "rad/s") for joint in constants.JOINTS),
        Field("forward_speed", "m/s", encoding="hidden", target="value"),
    ),
    action=tuple(Field(joint, "1", low=-1.0, high=1.0) for joint in constants.JOINTS),
    reward=reward,
    fallen=fallen,
    legs=constants.LEGS,
    caution=Caution(unsafe=unsafe, cost=constants.UNSAFE_COST, unease=unease, recoverable=True),
)

# qpos: rootx, rootz, rooty, then the joints in action order; qvel likewise.
_X, _Z = 0, 1


def position(qpos: Array) -> Array:
    """The torso in the world [m], `[..., 9] -> [..., 3]`; the half-cheetah has no y."""
    x, z = qpos[..., _X], qpos[..., _Z] + constants.TORSO_HEIGHT
    return np.stack([x, np.zeros_like(x), z], axis=-1)


def measure(qpos: Array, qvel: Array, start: Array, ground: Array) -> Array:
    """Height above the ground, pitch, joints, velocities, mean forward speed; [B, 18]."""
    height = qpos[:, _Z] + constants.TORSO_HEIGHT - ground
    forward_speed = (qpos[:, _X] - start[:, _X]) / constants.DT
    return np.concatenate([height[:, None], qpos[:, 2:], qvel, forward_speed[:, None]], axis=1)


ROBOT = Robot(
    spec=SPEC,
    model_file=gymnasium_model_file("half_cheetah.xml"),
    substeps=constants.SUBSTEPS,
    joints=constants.JOINTS,
    torso="torso",
    initial_qpos=(0.0,) * 9,
    reset_noise=constants.RESET_NOISE,
    height_index=_Z,
    position=position,
    measure=measure,
)
