"""Whether a robot and its MuJoCo model fit together; asked once, when the model is compiled."""

from __future__ import annotations

import math
from collections import Counter
from typing import NoReturn

import mujoco
import numpy as np

from robots.errors import RobotError
from robots.robot import Robot

__all__ = ["check_robot"]

_SINGLE = (int(mujoco.mjtJoint.mjJNT_SLIDE), int(mujoco.mjtJoint.mjJNT_HINGE))
_ON_JOINTS = (
    int(mujoco.mjtTrn.mjTRN_JOINT), int(mujoco.mjtTrn.mjTRN_JOINTINPARENT)
)  # fmt: skip


def check_robot(robot: Robot, model: mujoco.MjModel) -> None:
    """Raise `RobotError` for the first thing that the robot says otherwise than its model.

    Args:
        robot: the robot.
        model: its compiled model, without structures.
    """
    _check_time(robot, model)
    _check_names(robot, model)
    _check_drives(robot, model)
    _check_sizes(robot, model)


def _check_time(robot: Robot, model: mujoco.MjModel) -> None:
    period = robot.substeps * float(model.opt.timestep)
    if not math.isclose(robot.spec.dt, period, rel_tol=1e-9):
        steps = f"{robot.substeps} substeps of {model.opt.timestep:g} s"
        _bad(robot, "dt", f"{robot.spec.dt:g} s", f"{period:g} s, {steps}")


def _check_names(robot: Robot, model: mujoco.MjModel) -> None:
    torso = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, robot.torso)
    moving = [model.body(i).name for i in range(model.nbody) if model.body_treeid[i] >= 0]
    if torso < 0 or model.body_treeid[torso] < 0:
        _bad(robot, "torso", repr(robot.torso), f"a body that moves: {', '.join(moving)}")
    actions = range(robot.spec.action_size)
    for leg, chosen in robot.spec.legs.items():
        if not set(chosen) <= set(actions):
            _bad(robot, f"legs[{leg!r}]", chosen, f"actions 0 to {len(actions) - 1}")
    for leg, geoms in robot.leg_geoms.items():
        if leg not in robot.spec.legs:
            _bad(robot, "leg_geoms", repr(leg), f"legs: {', '.join(robot.spec.legs) or 'none'}")
        for geom in geoms:
            if mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_GEOM, geom) < 0:
                names = [model.geom(i).name for i in range(model.ngeom)]
                allowed = f"the model's geoms: {', '.join(filter(None, names))}"
                _bad(robot, f"leg_geoms[{leg!r}]", repr(geom), allowed)


def _check_drives(robot: Robot, model: mujoco.MjModel) -> None:
    if len(robot.joints) != robot.spec.action_size:
        _bad(
            robot, "joints", len(robot.joints), f"one for each of {robot.spec.action_size} actions"
        )
    single = [model.joint(i).name for i in range(model.njnt) if model.jnt_type[i] in _SINGLE]
    for joint, count in Counter(robot.joints).items():
        if joint not in single:
            _bad(robot, "joints", repr(joint), f"slides and hinges: {', '.join(single)}")
        if count > 1:
            _bad(robot, "joints", f"{count} times {joint!r}", "each once")
    driven: Counter[str] = Counter()
    for i in range(model.nu):
        on_joint = model.actuator_trntype[i] in _ON_JOINTS
        target = model.joint(model.actuator_trnid[i, 0]).name if on_joint else "no joint"
        if target not in robot.joints:
            name = f"actuator {model.actuator(i).name!r} on {target}"
            _bad(robot, "model_file", name, "actuators on `joints` alone")
        driven[target] += 1
    for joint in robot.joints:
        if driven[joint] != 1:
            _bad(robot, "model_file", f"{driven[joint]} actuators on {joint!r}", "one")


def _check_sizes(robot: Robot, model: mujoco.MjModel) -> None:
    if len(robot.initial_qpos) != model.nq:
        _bad(robot, "initial_qpos", f"{len(robot.initial_qpos)} numbers", f"{model.nq}")
    if not 0 <= robot.height_index < model.nq:
        _bad(robot, "height_index", robot.height_index, f"0 to {model.nq - 1}")
    if robot.gait is not None and robot.gait.targets.shape[1:] != (robot.spec.action_size,):
        shape = robot.gait.targets.shape
        _bad(robot, "gait", f"targets of shape {shape}", f"(steps, {robot.spec.action_size})")
    qpos, qvel = np.array(robot.initial_qpos)[None], np.zeros((1, model.nv))
    position = np.shape(robot.position(qpos))
    if position != (1, 3):
        _bad(robot, "position", f"shape {position} for one robot", "(1, 3)")
    observed = robot.observe(qpos, qvel, qpos, np.zeros(1)).shape
    if observed != (1, robot.spec.observation_size):
        allowed = f"(1, {robot.spec.observation_size}), as many as observation fields"
        _bad(robot, "measure", f"shape {observed} for one robot", allowed)


def _bad(robot: Robot, field: str, value: object, allowed: str) -> NoReturn:
    raise RobotError(
        f"robot {robot.spec.name!r}: {field}: {value} is not allowed; allowed: {allowed}"
    )
