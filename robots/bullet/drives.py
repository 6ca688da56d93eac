"""What acts on the joints of a robot in PyBullet: motors, springs, dampers, end stops, rotors.

PyBullet knows no armature, and the ant hardly has any other inertia: 1 kg m^2 for each rotor, a
hundred times that of a leg. So each rotor is a body of its own, integrated here, on an elastic
shaft: all torques act on the rotor, and what twists the shaft turns the joint. The shaft is as
stiff as the physics step allows for the inertia that all joints meet together (four hips that
swing one way turn the torso the other way, which is lighter than any of the legs alone), and for
that of the rotor at its other end. Damping and end stops are bounded by the same inertias.
"""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from robots.bullet.body import Hinges
from robots.bullet.stability import Linear, bare_mass, growth, lightest
from robots.errors import RobotError
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

_HEAVIEST = 2.0
"""Times the rotor's inertia that a shaft is made for at most. Its torque also turns the rotor, and
(_STIFFNESS + 2 _DAMPING)(2.1 + this) must stay below 4, where explicit integration blows up."""

_SHARE, _BARE_SHARE = 0.5, 0.9
"""Most that damping may take of a speed in one physics step: of rotor and shaft together, of a
rotor's own, or of a joint's without a rotor, where all joints together may meet 2.1 times less
inertia and 2 is too much."""

_GROWTH = 10.0
"""How fast a motion may swell [1/s]; any spring without a damper makes it do so a little."""

_MARGIN = 1.5
"""Times its damping that a joint must bear in the first posture; other postures bear less."""


class Drives:
    """Torques on the joints [n], from the parameters of a compiled model.

    Args:
        model: the plant.
        hinges: its joints.
        step: the longest physics step that it will be integrated by [s].

    Raises:
        RobotError: a spring or a servo is too stiff for the step.
    """

    def __init__(self, model: mujoco.MjModel, hinges: Hinges, step: float):
        dofs = list(hinges.dofs)
        joints = model.dof_jntid[dofs]
        self._stiffness = model.jnt_stiffness[joints]
        self._rest = model.qpos_spring[list(hinges.qpos)]
        self._low = np.where(model.jnt_limited[joints] > 0, model.jnt_range[joints, 0], -np.inf)
        self._high = np.where(model.jnt_limited[joints] > 0, model.jnt_range[joints, 1], np.inf)
        place = {int(joint): index for index, joint in enumerate(joints)}
        self._driven = [place[int(joint)] for joint in model.actuator_trnid[:, 0]]
        self._gear = model.actuator_gear[:, 0]
        self._gain, self._bias = model.actuator_gainprm[:, 0], model.actuator_biasprm[:, :3]
        limited = model.actuator_forcelimited > 0
        self._force = np.where(limited[:, None], model.actuator_forcerange, (-np.inf, np.inf))
        commanded = model.actuator_ctrllimited > 0
        self._command = np.where(commanded[:, None], model.actuator_ctrlrange, (-np.inf, np.inf))
        self._rotor = model.dof_armature[dofs]
        self._geared = self._rotor > 0
        self._mass, self._dofs, self._step = bare_mass(model), np.array(dofs), step
        light = np.zeros(len(dofs))
        for some in (self._geared, ~self._geared):
            light[some] = lightest(self._mass, self._dofs[some])
        self._shaft_inertia = np.minimum(light, _HEAVIEST * self._rotor)  # 0 without a rotor
        damping, inertia = model.dof_damping[dofs], 1.0 / model.dof_invweight0[dofs]
        # Dampers read the joints; where that would swell, they read the rotors that they act on.
        swells, _ = self._growth(self._stiffness, _MARGIN * damping, 0.0)
        self._at_rotor = self._geared & (swells > _GROWTH)
        own = self._rotor + np.where(self._at_rotor, 0.0, self._shaft_inertia)
        most = np.where(self._geared, _SHARE * own, _BARE_SHARE * light) / step
        self._damping = np.minimum(damping, most)
        # A stop brakes with what damping the joint has left, and pushes as hard as goes with it.
        self._inertia = np.minimum(inertia, most * _STOP_TIME / 2)
        self._brake = np.minimum((most - self._damping) / (2 * self._inertia / _STOP_TIME), 1.0)
        self._refuse_stiff(model, joints)
        self._turned = np.where(self._geared, self._rotor, 1.0)
        self._angle = self._speed = None

    def torques(self, command: Array, angle: Array, speed: Array, step: float) -> Array:
        """What acts on the joints in the next physics step.

        Args:
            command: of the actuators [nu].
            angle: of the joints [n] [rad], 0 where MuJoCo's qpos is.
            speed: of the joints [n] [rad/s].
            step: the physics step [s].
        """
        if self._angle is None or self._speed is None:
            self._angle, self._speed = angle.copy(), speed.copy()
        command = np.clip(command, self._command[:, 0], self._command[:, 1])
        q, v = angle[self._driven] * self._gear, speed[self._driven] * self._gear
        force = self._gain * command + self._bias[:, 0] + self._bias[:, 1] * q
        force = np.clip(force + self._bias[:, 2] * v, self._force[:, 0], self._force[:, 1])
        felt = np.where(self._at_rotor, self._speed, speed)
        total = -self._stiffness * (angle - self._rest) - self._damping * felt
        total[self._driven] += self._gear * force
        beyond = np.minimum(angle - self._low, 0.0) + np.maximum(angle - self._high, 0.0)
        back = np.clip(beyond, -_STOP_REACH, _STOP_REACH) / _STOP_TIME**2
        stop = (back + self._brake * (2.0 * felt / _STOP_TIME)) * (beyond != 0.0)
        total = total - self._inertia * stop
        return np.where(self._geared, self._shaft(total, angle, speed, step), total)

    def _shaft(self, total: Array, angle: Array, speed: Array, step: float) -> Array:
        """Torques of the shafts; rotors move on under `total`, semi-implicitly."""
        assert self._angle is not None, "the first call of `torques` sets it"
        assert self._speed is not None, "likewise"
        stiffness = _STIFFNESS * self._shaft_inertia / step**2
        damping = _DAMPING * self._shaft_inertia / step
        shaft = stiffness * (self._angle - angle) + damping * (self._speed - speed)
        turning = np.where(self._geared, total - shaft, 0.0) / self._turned
        self._speed = self._speed + step * turning
        self._angle = self._angle + step * self._speed
        return shaft

    def _growth(
        self, stiffness: Array, damping: Array, rotor_damping: Array | float
    ) -> tuple[float, int]:
        """How fast a motion swells under these [1/s], and which joint swings most."""
        linear = Linear(
            rotor=self._rotor,
            shaft_stiffness=_STIFFNESS * self._shaft_inertia / self._step**2,
            shaft_damping=_DAMPING * self._shaft_inertia / self._step,
            stiffness=stiffness,
            damping=damping,
            rotor_damping=np.broadcast_to(rotor_damping, damping.shape),
        )
        return growth(self._mass, self._dofs, linear, self._step)

    def _refuse_stiff(self, model: mujoco.MjModel, joints: NDArray[np.int_]) -> None:
        """Raise `RobotError` for springs and servos that would swing their joints up.

        What pushes a joint away from its target does so in MuJoCo too, and a servo whose force is
        limited cannot swing it far.
        """
        stiffness, servo = self._stiffness.copy(), np.zeros(len(joints))
        free = np.isinf(self._force[:, 1]) * self._gear**2
        stiffness[self._driven] -= np.minimum(free * self._bias[:, 1], 0.0)
        servo[self._driven] -= np.minimum(free * self._bias[:, 2], 0.0)
        reads = servo + np.where(self._at_rotor, 0.0, self._damping)
        swells, worst = self._growth(stiffness, reads, np.where(self._at_rotor, self._damping, 0.0))
        if swells > _GROWTH:
            raise RobotError(
                f"joint {model.joint(joints[worst]).name!r}: stiffness {stiffness[worst]:.4g} with "
                f"damping {servo[worst] + self._damping[worst]:.4g} is not allowed; allowed: "
                f"what pybullet's physics step of {1000 * self._step:g} ms can follow"
            )
