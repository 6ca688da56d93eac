"""Servos whose gain is reversed, and what MuJoCo's implicit integrators bear of them."""

from __future__ import annotations

import mujoco
import numpy as np

from robots.robot import Robot

__all__ = ["keep_integrable"]

_SHARE = 0.5
"""Of the negative damping that the first posture bears; the worst posture of the A1 bears 0.69."""

_IMPLICIT = (
    int(mujoco.mjtIntegrator.mjINT_IMPLICIT), int(mujoco.mjtIntegrator.mjINT_IMPLICITFAST)
)  # fmt: skip


def keep_integrable(model: mujoco.MjModel, robot: Robot) -> None:
    """Weaken servos that push their joints on harder than the integrator bears, in place.

    A servo of negative gain has negative damping $-k$, and an implicit step of length $h$ divides
    by $M + h(D - k)$. Where that is no longer positive the joints take off the wrong way, or at
    once without bound; the robot would be put back after every control step and seem to stand.
    Beyond that, all $k$ are scaled to half of what the posture in which episodes start bears.
    What the servo does against the angle stays.
    """
    pushing = np.flatnonzero(model.actuator_biasprm[:, 2] > 0.0)
    if not pushing.size or int(model.opt.integrator) not in _IMPLICIT:
        return
    dofs = model.jnt_dofadr[model.actuator_trnid[pushing, 0]]
    gear = model.actuator_gear[pushing, 0]
    push = np.sqrt(model.opt.timestep * model.actuator_biasprm[pushing, 2]) * np.abs(gear)
    data = mujoco.MjData(model)
    data.qpos[: len(robot.initial_qpos)] = robot.initial_qpos
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    mujoco.mj_crb(model, data)
    matrix = np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, data, matrix)
    matrix[np.diag_indices(model.nv)] += model.opt.timestep * model.dof_damping
    response = np.linalg.inv(matrix)[dofs][:, dofs]
    borne = 1.0 / float(np.linalg.eigvalsh(push[:, None] * response * push)[-1])
    if borne <= 1.0:
        model.actuator_biasprm[pushing, 2] *= _SHARE * borne
