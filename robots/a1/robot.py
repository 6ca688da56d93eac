"""The A1's fields and how they are measured."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from robots.a1 import constants
from robots.a1.caution import unease, unsafe
from robots.a1.gait import trot
from robots.a1.reward import fallen, reward
from robots.free_body import HEIGHT_INDEX, fields, measure, position
from robots.gait import Gait
from robots.robot import Robot
from robots.spec import Caution, Field, RobotSpec

__all__ = ["ROBOT", "SPEC"]

_LIMITS = {joint: constants.ACTION_LIMITS[joint.split("_")[1]] for joint in constants.JOINTS}
_GAIT = Gait(targets=trot())

SPEC = RobotSpec(
    name="a1",
    dt=constants.DT,
    observation=(
        *fields(constants.JOINTS),
        *(Field(name, "1", low=-1.0, high=1.0) for name in _GAIT.fields),
    ),
    action=tuple(Field(joint, "rad", low=-limit, high=limit) for joint, limit in _LIMITS.items()),
    reward=reward,
    fallen=fallen,
    legs=constants.LEGS,
    caution=Caution(unsafe=unsafe, cost=constants.UNSAFE_COST, unease=unease, recoverable=True),
)

ROBOT = Robot(
    spec=SPEC,
    model_file=Path(__file__).with_name("a1.xml"),
    substeps=constants.SUBSTEPS,
    joints=constants.JOINTS,
    torso="trunk",
    initial_qpos=(
        *(0.0, 0.0, constants.INITIAL_HEIGHT),
        *(1.0, 0.0, 0.0, 0.0),
        *_GAIT.targets[0].tolist(),
    ),
    reset_noise=constants.RESET_NOISE,
    height_index=HEIGHT_INDEX,
    position=position,
    measure=partial(measure, dt=constants.DT),
    gait=_GAIT,
    view_distance=1.6,
)
