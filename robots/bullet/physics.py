"""The physics under the episodes, by PyBullet.

Motors, springs, damping and joint limits act as torques, worked out at each physics step from the
parameters of the plant's MuJoCo model, so that whatever a perturbation changes there it changes
here. Contacts and integration are PyBullet's own.
"""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

from robots.bullet.body import add_robot
from robots.bullet.drives import Drives
from robots.bullet.silence import silent
from robots.bullet.untranslated import not_built
from robots.perturbations.base import Array
from robots.plant import Plant, compiled
from robots.robot import Robot

with silent():
    import pybullet
    from pybullet_utils.bullet_client import BulletClient

__all__ = ["BulletPhysics"]

_STEP = 0.00025
"""Longest physics step [s]: light feet under stiff springs, integrated explicitly."""


class BulletPhysics:
    """Rows of robots, each in a PyBullet of its own; satisfies `robots.physics.Physics`.

    What is built into the model (terrain, pier, contacts) is not there and refused;
    `BulletSimulator` does so before anything moves.
    """

    def __init__(self, robot: Robot, size: int = 1):
        self._worlds = [_World(robot) for _ in range(size)]

    def start(self, row: int, plant: Plant, qpos: Array, qvel: Array) -> None:
        """Begin an episode on a plant, in this state of the robot [nq], [nv].

        Raises:
            RobotError: something is built into the plant's model.
        """
        if plant.layout:
            raise not_built(", ".join(plant.layout))
        self._worlds[row].build(plant.model)
        self._worlds[row].write(qpos, qvel)

    def switch(self, row: int, plant: Plant) -> None:
        """Go on on another plant, from the present state; contacts begin anew."""
        qpos, qvel = self._worlds[row].read()
        self.start(row, plant, qpos, qvel)

    def whole(self, row: int) -> tuple[Array, Array]:
        """Copies: no plant here has a state of its own that could be changed."""
        return self._worlds[row].read()

    def refresh(self, row: int) -> None:
        """Nothing to do: no plant here changes in place."""

    def step(self, ctrl: Array, substeps: int) -> None:
        """Advance every row by `substeps` of MuJoCo's physics steps under `ctrl` [B, nu]."""
        for world, command in zip(self._worlds, ctrl, strict=True):
            world.step(command, substeps)

    def read(self) -> tuple[Array, Array]:
        """Every robot's qpos [B, nq] and qvel [B, nv], in MuJoCo's conventions."""
        states = [world.read() for world in self._worlds]
        return np.stack([qpos for qpos, _ in states]), np.stack([qvel for _, qvel in states])

    def diverged(self) -> np.ndarray:
        """Rows whose numbers have overflowed."""
        states = [np.concatenate(world.read()) for world in self._worlds]
        return np.flatnonzero([not np.isfinite(state).all() for state in states])


class _World:
    """One robot on its floor, in a PyBullet of its own."""

    def __init__(self, robot: Robot):
        with silent():
            self._client: Any = BulletClient(pybullet.DIRECT)
        self._model = compiled(robot, ())

    def step(self, command: Array, substeps: int) -> None:
        client, hinges = self._client, self._hinges
        total = substeps * float(self._model.opt.timestep)
        count = int(np.ceil(total / _STEP))
        client.setTimeStep(total / count)
        for _ in range(count):
            states = client.getJointStates(hinges.body, hinges.links)
            angle = np.array([state[0] for state in states]) + self._reference
            speed = np.array([state[1] for state in states])
            torques = self._drives.torques(command, angle, speed, total / count).tolist()
            client.setJointMotorControlArray(
                hinges.body, hinges.links, client.TORQUE_CONTROL, forces=torques
            )
            client.stepSimulation()

    def read(self) -> tuple[Array, Array]:
        """Positions [nq] and velocities [nv]."""
        client, hinges = self._client, self._hinges
        qpos, qvel = np.zeros(self._model.nq), np.zeros(self._model.nv)
        states = client.getJointStates(hinges.body, hinges.links)
        qpos[list(hinges.qpos)] = np.array([state[0] for state in states]) + self._reference
        qvel[list(hinges.dofs)] = [state[1] for state in states]
        if hinges.floating is not None:
            centre, turned = client.getBasePositionAndOrientation(hinges.body)
            linear, angular = map(np.array, client.getBaseVelocity(hinges.body))
            attitude, offset = self._attitude(np.array(turned)[[3, 0, 1, 2]])
            qpos[:3], qpos[3:7] = np.array(centre) - offset, attitude
            qvel[:3] = linear - np.cross(angular, offset)
            qvel[3:6] = _rotation(attitude).T @ angular
        return qpos, qvel

    def build(self, model: mujoco.MjModel) -> None:
        client = self._client
        client.resetSimulation()
        client.setPhysicsEngineParameter(deterministicOverlappingPairs=1)
        client.setGravity(*model.opt.gravity.tolist())
        plane = client.createCollisionShape(client.GEOM_PLANE)
        floor = client.createMultiBody(0.0, plane)
        client.changeDynamics(floor, -1, lateralFriction=1.0, restitution=0.0)
        self._model, self._hinges = model, add_robot(client, model)
        self._drives = Drives(model, self._hinges, _STEP)
        # PyBullet counts a joint's angle from the pose of the model, MuJoCo from its `ref`.
        self._reference = model.qpos0[list(self._hinges.qpos)]

    def write(self, qpos: Array, qvel: Array) -> None:
        client, hinges = self._client, self._hinges
        angles, speeds = qpos[list(hinges.qpos)] - self._reference, qvel[list(hinges.dofs)]
        for link, angle, speed in zip(hinges.links, angles, speeds, strict=True):
            client.resetJointState(hinges.body, link, float(angle), float(speed))
        if hinges.floating is not None:
            rotation = _rotation(qpos[3:7])
            offset = rotation @ self._model.body_ipos[hinges.floating]
            turned = np.zeros(4)
            mujoco.mju_mulQuat(turned, qpos[3:7], self._model.body_iquat[hinges.floating])
            angular = rotation @ qvel[3:6]
            client.resetBasePositionAndOrientation(
                hinges.body, (qpos[:3] + offset).tolist(), turned[[1, 2, 3, 0]].tolist()
            )
            linear = qvel[:3] + np.cross(angular, offset)
            client.resetBaseVelocity(hinges.body, linear.tolist(), angular.tolist())

    def _attitude(self, inertial: Array) -> tuple[Array, Array]:
        """The floating body's quaternion, and where its centre of mass is from its origin."""
        assert self._hinges.floating is not None, "asked for floating bases only"
        back = self._model.body_iquat[self._hinges.floating] * np.array([1, -1, -1, -1])
        attitude = np.zeros(4)
        mujoco.mju_mulQuat(attitude, inertial, back)
        return attitude, _rotation(attitude) @ self._model.body_ipos[self._hinges.floating]


def _rotation(quaternion: Array) -> Array:
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, np.ascontiguousarray(quaternion, dtype=np.float64))
    return matrix.reshape(3, 3)
