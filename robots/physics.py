"""The physics under the episodes: one MuJoCo simulation, or many on a thread pool.

Both give the same numbers bit for bit. A row is one robot. Its state is the robot's own part of
MuJoCo's: whatever structures the plant adds come after it and start at rest.
"""

from __future__ import annotations

from typing import Protocol

import mujoco
import numpy as np
from mujoco.batch import Batch

from robots.perturbations.base import Array
from robots.plant import Layout, Plant, compiled, physics_steps
from robots.robot import Robot

__all__ = ["BatchPhysics", "Physics", "SinglePhysics"]


_DIVERGENCE = [
    int(warning)
    for warning in (
        mujoco.mjtWarning.mjWARN_BADQPOS,
        mujoco.mjtWarning.mjWARN_BADQVEL,
        mujoco.mjtWarning.mjWARN_BADQACC,
    )
]


class Physics(Protocol):
    """Rows of robots, each on its own plant."""

    def start(self, row: int, plant: Plant, qpos: Array, qvel: Array) -> None:
        """Begin an episode on a plant, in this state of the robot [nq], [nv]."""
        ...

    def switch(self, row: int, plant: Plant) -> None:
        """Go on on another plant, from the present state."""
        ...

    def whole(self, row: int) -> tuple[Array, Array]:
        """The plant's whole qpos and qvel, to be changed in place."""
        ...

    def refresh(self, row: int) -> None:
        """Take note that the row's model was changed in place."""
        ...

    def step(self, ctrl: Array, substeps: int) -> None:
        """Advance every row by `substeps` of the robot's physics steps under `ctrl` [B, nu]."""
        ...

    def read(self) -> tuple[Array, Array]:
        """Copies of every robot's qpos [B, nq] and qvel [B, nv]."""
        ...

    def diverged(self) -> np.ndarray:
        """Rows that MuJoCo has reset in the last step, as their numbers overflowed."""
        ...


class SinglePhysics:
    """One robot, on MuJoCo's own step."""

    def __init__(self, robot: Robot):
        nominal = compiled(robot, ())
        self._robot = robot
        self._nq, self._nv = nominal.nq, nominal.nv
        self.layout: Layout = ()
        self.model = nominal
        self.data = mujoco.MjData(nominal)

    def start(self, row: int, plant: Plant, qpos: Array, qvel: Array) -> None:
        self.model, self.layout = plant.model, plant.layout
        self.data = mujoco.MjData(plant.model)
        self.data.qpos[: self._nq] = qpos
        self.data.qvel[: self._nv] = qvel
        mujoco.mj_forward(self.model, self.data)

    def switch(self, row: int, plant: Plant) -> None:
        before, self.model = self.data, plant.model
        if plant.layout != self.layout:
            self.layout = plant.layout
            self.data = mujoco.MjData(plant.model)
            self.data.time = before.time
            self.data.qpos[: self._nq] = before.qpos[: self._nq]
            self.data.qvel[: self._nv] = before.qvel[: self._nv]
            self.data.qacc_warmstart[: self._nv] = before.qacc_warmstart[: self._nv]

    def whole(self, row: int) -> tuple[Array, Array]:
        return self.data.qpos, self.data.qvel

    def refresh(self, row: int) -> None:
        pass

    def step(self, ctrl: Array, substeps: int) -> None:
        self.data.ctrl[:] = ctrl[0]
        steps = physics_steps(self._robot, self.model, substeps)
        mujoco.mj_step(self.model, self.data, steps)

    def read(self) -> tuple[Array, Array]:
        return self.data.qpos[None, : self._nq].copy(), self.data.qvel[None, : self._nv].copy()

    def diverged(self) -> np.ndarray:
        return np.flatnonzero([self.data.warning.number[_DIVERGENCE].any()])


class BatchPhysics:
    """B robots on `mujoco.batch`, one thread pool for each layout in use.

    Every layout has a slot for every row, so that a row can move between layouts at any time; only
    the rows that are there are stepped.
    """

    def __init__(self, robot: Robot, size: int, threads: int):
        nominal = compiled(robot, ())
        self._robot, self._size, self._threads = robot, size, threads
        self._qpos = np.zeros((size, nominal.nq))
        self._qvel = np.zeros((size, nominal.nv))
        self._groups: dict[Layout, _Group] = {}
        self._home: list[_Group | None] = [None] * size

    def start(self, row: int, plant: Plant, qpos: Array, qvel: Array) -> None:
        group = self._move(row, plant)
        group.batch.reset([row], stage=mujoco.mjtStage.mjSTAGE_NONE)
        group.qpos[row, : qpos.size] = qpos
        group.qvel[row, : qvel.size] = qvel
        group.batch.forward([row])

    def switch(self, row: int, plant: Plant) -> None:
        before = self._home[row]
        assert before is not None, "a row starts before it switches"
        group = self._move(row, plant)
        if group is not before:
            nq, nv = self._qpos.shape[1], self._qvel.shape[1]
            group.batch.reset([row], stage=mujoco.mjtStage.mjSTAGE_NONE)
            group.batch.time[row] = before.batch.time[row]
            group.qpos[row, :nq] = before.qpos[row, :nq]
            group.qvel[row, :nv] = before.qvel[row, :nv]
            group.warmstart[row, :nv] = before.warmstart[row, :nv]

    def whole(self, row: int) -> tuple[Array, Array]:
        group = self._home[row]
        assert group is not None, "a row starts before it is read"
        return group.qpos[row], group.qvel[row]

    def refresh(self, row: int) -> None:
        group = self._home[row]
        assert group is not None, "a row starts before it is changed"
        group.stale = True

    def step(self, ctrl: Array, substeps: int) -> None:
        for group in self._groups.values():
            rows = group.rows()
            if rows.size:
                group.use_models()
                group.ctrl[rows] = ctrl[rows]
                steps = physics_steps(self._robot, group.models[rows[0]], substeps)
                group.batch.step(rows, steps)

    def read(self) -> tuple[Array, Array]:
        nq, nv = self._qpos.shape[1], self._qvel.shape[1]
        for group in self._groups.values():
            rows = group.rows()
            self._qpos[rows] = group.qpos[rows, :nq]
            self._qvel[rows] = group.qvel[rows, :nv]
        return self._qpos.copy(), self._qvel.copy()

    def diverged(self) -> np.ndarray:
        rows = [
            group.present & group.batch.warning[:, _DIVERGENCE, 1].any(axis=1)
            for group in self._groups.values()
        ]
        return np.flatnonzero(np.any(rows, axis=0))

    def _move(self, row: int, plant: Plant) -> _Group:
        """Put the row in the group of its plant's layout."""
        group = self._groups.get(plant.layout)
        if group is None:
            group = _Group(compiled(self._robot, plant.layout), self._size, self._threads)
            self._groups[plant.layout] = group
        home = self._home[row]
        if home is not None:
            home.present[row] = False
        self._home[row] = group
        group.present[row] = True
        group.models[row] = plant.model
        group.stale = True
        group.use_models()
        return group


class _Group:
    """Simulations of one layout."""

    def __init__(self, model: mujoco.MjModel, size: int, threads: int):
        self.batch = Batch(model, size, threads)
        self.models = [model] * size
        self.present = np.zeros(size, dtype=bool)
        self.stale = True
        self.qpos: Array = self.batch.bind("qpos")
        self.qvel: Array = self.batch.bind("qvel")
        self.ctrl: Array = self.batch.bind("ctrl")
        self.warmstart: Array = self.batch.bind("qacc_warmstart")

    def rows(self) -> np.ndarray:
        return np.flatnonzero(self.present)

    def use_models(self) -> None:
        if self.stale:
            self.batch.set_models(self.models)
            self.stale = False
