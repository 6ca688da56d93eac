"""The ant's fields and how they are measured."""

from __future__ import annotations

from functools import partial

from robots.ant import constants
from robots.ant.caution import unease, unsafe
from robots.ant.reward import fallen, reward
from robots.free_body import HEIGHT_INDEX, fields, measure, position
from robots.robot import Robot, gymnasium_model_file
from robots.spec import Caution, Field, RobotSpec

__all__ = ["ROBOT", "SPEC"]

SPEC = RobotSpec(
    name="ant",
    dt=constants.DT,
    observation=fields(constants.JOINTS),
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
