"""What acts on the joints of a robot in PyBullet: motors, springs, dampers, end stops, rotors.

PyBullet knows no armature, and the ant hardly has any other inertia: 1 kg m^2 for each rotor, a
hundred times that of a leg. So each rotor is a body of its own, integrated here, on an elastic
shaft: all torques act on the rotor, and what twists the shaft turns the joint. The shaft is as
stiff as the physics step allows for the inertia that all joints meet together: four hips that
swing one way turn the torso the other way, which is lighter than any of the legs alone.
"""

from __future__ import annotations

import copy

import mujoco
import numpy as np
from numpy.typing import NDArray

from robots.bullet.body import Hinges
from robots.perturbations.base import Array

__all__ = ["Drives"]

_STOP_TIME = 0.005
"""Time constant of a joint's end stop, critically damped on the joint's own inertia [s]."""

_STOP_REACH = 0.05
"""How far beyond its range a joint is pushed back as hard as ever [rad or m]: an ant begins its
episodes half a radian beyond, and must not be thrown up by that."""

_STIFFNESS, _DAMPING = 0.1, 0.4
"""Of a shaft, in units of the joint's inertia over the physics step, squared and not: explicit
integration is free of oscillation below 1. In other postures joints together meet up to 2.1 times
less inertia than in the first one."""


class Drives:
    """Torques on the joints [n], from the parameters of a compiled model."""

    def __init__(self, model: mujoco.MjModel, hinges: Hinges):
        dofs = list(hinges.dofs)
        joints = model.dof_jntid[dofs]
        self._stiffness, self._damping = model.jnt_stiffness[joints], model.dof_damping[dofs]
        self._rest = model.qpos_spring[list(hinges.qpos)]
        self._low = np.where(model.jnt_limited[joints] > 0, model.jnt_range[joints, 0], -np.inf)
        self._high = np.where(model.jnt_limited[joints] > 0, model.jnt_range[joints, 1], np.inf)
        place = {int(joint): index for index, joint in enumerate(joints)}
        self._driven = [place[int(joint)] for joint in model.actuator_trnid[:, 0]]
        self._gear = model.actuator_gear[:, 0]
        self._gain, self._bias = model.actuator_gainprm[:, 0], model.actuator_biasprm[:, :3]
        limited = model.actuator_forcelimited > 0
        self._force = np.where(limited[:, None], model.actuator_forcerange, (-np.inf, np.inf))
        self._inertia = 1.0 / model.dof_invweight0[dofs]
        self._armature = model.dof_armature[dofs]
        self._geared = self._armature > 0
        self._bare = np.zeros(len(dofs))
        self._bare[self._geared] = _without_armature(model, np.array(dofs)[self._geared])
        self._rotor = np.where(self._geared, self._armature, 1.0)
        self._angle = self._speed = None

    def torques(self, command: Array, angle: Array, speed: Array, step: float) -> Array:
        """What acts on the joints in the next physics step.

        Args:
            command: of the actuators [nu].
            angle: of the joints [n] [rad].
            speed: of the joints [n] [rad/s].
            step: the physics step [s].
        """
        q, v = angle[self._driven] * self._gear, speed[self._driven] * self._gear
        force = self._gain * command + self._bias[:, 0] + self._bias[:, 1] * q
        force = np.clip(force + self._bias[:, 2] * v, self._force[:, 0], self._force[:, 1])
        total = -self._stiffness * (angle - self._rest) - self._damping * speed
        total[self._driven] += self._gear * force
        beyond = np.minimum(angle - self._low, 0.0) + np.maximum(angle - self._high, 0.0)
        back = np.clip(beyond, -_STOP_REACH, _STOP_REACH) / _STOP_TIME**2
        stop = (back + 2.0 * speed / _STOP_TIME) * (beyond != 0.0)
        total = total - self._inertia * stop
        return np.where(self._geared, self._shaft(total, angle, speed, step), total)

    def _shaft(self, total: Array, angle: Array, speed: Array, step: float) -> Array:
        """Torques of the shafts; rotors move on under `total`, semi-implicitly."""
        if self._angle is None or self._speed is None:
            self._angle, self._speed = angle.copy(), speed.copy()
        stiffness = _STIFFNESS * self._bare / step**2
        damping = _DAMPING * self._bare / step
        shaft = stiffness * (self._angle - angle) + damping * (self._speed - speed)
        turning = np.where(self._geared, total - shaft, 0.0) / self._rotor
        self._speed = self._speed + step * turning
        self._angle = self._angle + step * self._speed
        return shaft


def _without_armature(model: mujoco.MjModel, dofs: NDArray[np.int_]) -> Array:
    """Inertias [n] that torques on `dofs` meet at least when all act together, rotors apart.

    With B those that each meets alone, the greatest eigenvalue of B^(1/2) M^-1 B^(1/2) says how
    much more a combination of torques moves the joints than each does on its own.
    """
    if not dofs.size:
        return np.zeros(0)
    bare = copy.copy(model)
    bare.dof_armature[:] = 0.0
    data = mujoco.MjData(bare)
    mujoco.mj_setConst(bare, data)
    mass = np.zeros((bare.nv, bare.nv))
    mujoco.mj_fullM(bare, data, mass)
    response = np.linalg.inv(mass)[dofs][:, dofs]
    alone = np.sqrt(1.0 / np.diag(response))
    return alone**2 / np.linalg.eigvalsh(alone[:, None] * response * alone)[-1]
