"""The ant's fields and how they are measured."""

from __future__ import annotations

import math
from functools import partial

from robots.ant import constants
from robots.ant.caution import unease, unsafe
from robots.ant.reward import fallen, reward
from robots.free_body import HEIGHT_INDEX, measure, position
from robots.robot import Robot, gymnasium_model_file
from robots.spec import Caution, Field, RobotSpec

__all__ = ["ROBOT", "SPEC"]

SPEC = RobotSpec(
    name="ant",
    dt=constants.DT,
    observation=(
        Field("height", "m"),
        *(Field(f"up_{axis}", "1", low=-1.0, high=1.0) for axis in "xyz"),
        Field("yaw", "rad", low=-math.pi, high=math.pi, encoding="hidden", wraps=True),
        *(Field(f"{joint}_angle", "rad") for joint in constants.JOINTS),
        *(Field(f"velocity_{axis}", "m/s") for axis in "xyz"),
        *(Field(f"angular_velocity_{axis}", "rad/s") for axis in "xyz"),
        *(Field(f"{joint}_velocity", "rad/s") for joint in constants.JOINTS),
        Field("forward_speed", "m/s", encoding="hidden", target="value"),
        Field("lateral_speed", "m/s", encoding="hidden", target="value"),
    ),
    action=tuple(
        Field(joint, "1", low=-constants.ACTION_LIMIT, high=constants.ACTION_LIMIT)
        for joint in constants.JOINTS
    ),
    reward=reward,
    fallen=fallen,
    legs=constants.LEGS,
    caution=Caution(unsafe=unsafe, cost=constants.UNSAFE_COST, unease=unease, recoverable=True),
)

ROBOT = Robot(
    spec=SPEC,
    model_file=gymnasium_model_file("ant.xml"),
    substeps=constants.SUBSTEPS,
    joints=constants.JOINTS,
    torso="torso",
    initial_qpos=constants.INITIAL_QPOS,
    reset_noise=constants.RESET_NOISE,
    height_index=HEIGHT_INDEX,
    position=position,
    measure=partial(measure, dt=constants.DT),
    leg_geoms=constants.LEG_GEOMS,
)
