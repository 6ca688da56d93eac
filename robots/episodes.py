"""B episodes side by side: everything of a simulator but its physics.

`Simulator` runs this with one row and `BatchSimulator` with many, so what a robot experiences does
not depend on its company.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import mujoco
import numpy as np

from robots.errors import RobotError
from robots.perturbations import NONE, Perturbations
from robots.perturbations.base import Array, Ground, Place
from robots.physics import Physics
from robots.plant import Plant, build_plant, compiled, lowest_point
from robots.robot import Robot
from robots.senses import Senses

__all__ = ["Episodes", "Step"]


class Step(NamedTuple):
    """What one control step brought; without the leading B for a single robot.

    Attributes:
        observation: what the robot's controller is told, float32 [B, S].
        reward: from the true observations, whatever the sensors say, float32 [B].
        fallen: likewise, bool [B].
        time: since the start of the episode [B] [s].
    """

    observation: np.ndarray
    reward: Any
    fallen: Any
    time: Any


class Episodes:
    """B robots of one kind, each in its own episode under its own perturbations.

    Args:
        robot: the robot.
        seeds: seed of each row's generator, which all its episodes draw from [B].
        physics: what moves them.
    """

    def __init__(self, robot: Robot, seeds: Sequence[int], physics: Physics):
        size, fields = len(seeds), robot.spec.observation_size
        nominal = compiled(robot, ())
        self.robot = robot
        self.perturbations: list[Perturbations] = [NONE] * size
        self.truth = np.zeros((size, fields), dtype=np.float32)
        self.observation = np.zeros((size, fields), dtype=np.float32)
        self._physics = physics
        self._rngs = [np.random.default_rng(seed) for seed in seeds]
        self._steps = np.zeros(size, dtype=np.int64)
        self._next_switch = np.full(size, -1, dtype=np.int64)
        self._onsets: list[dict[int, Array]] = [{} for _ in range(size)]
        self._plants = [build_plant(robot, (), np.zeros(3))] * size
        self._uneven: set[int] = set()
        self._followed: set[int] = set()
        self._actuators = robot.actuator_ids(nominal)
        self._low, self._high = robot.spec.action_low, robot.spec.action_high
        self._senses = Senses(robot, size)
        self._qpos = np.zeros((size, nominal.nq))
        self._qvel = np.zeros((size, nominal.nv))

    @property
    def time(self) -> Array:
        """Since the start of each episode [B] [s]."""
        return np.asarray(self._steps * self.robot.spec.dt, dtype=np.float64)

    @property
    def steps(self) -> np.ndarray:
        """Control steps since the start of each episode, integers [B]."""
        return self._steps.copy()

    @property
    def position(self) -> Array:
        """Each torso in the world [B, 3] [m]."""
        return self.robot.position(self._qpos)

    def ground(self, row: int) -> Ground | None:
        """The ground a row runs on now, if it is not flat."""
        return self._plants[row].ground

    def reset(self, row: int, seed: int | None, perturbations: Perturbations) -> None:
        """Start an episode; without a seed, the row's generator goes on."""
        if seed is not None:
            self._rngs[row] = np.random.default_rng(seed)
        self.perturbations[row] = perturbations
        self._steps[row] = 0
        self._onsets[row] = {}
        qpos, qvel = _initial_state(self.robot, self._rngs[row])
        self._qpos[row], self._qvel[row] = qpos, qvel
        self._physics.start(row, self._build(row), qpos, qvel)
        one = slice(row, row + 1)
        # No displacement yet: the mean speeds of the period before the first are zero.
        self.truth = self.truth.copy()  # callers hold the arrays that they were given
        self.truth[one] = self._observe(one, self._qpos[one])
        self._senses.begin(row, self.truth[row])
        self.observation = self._senses.deliver()

    def perturb(self, row: int, perturbations: Perturbations) -> None:
        """Replace what acts on a row, from its next control step on.

        What acted before and still does keeps the place where it began.
        """
        before = self.perturbations[row].members
        began = {before[index]: place for index, place in self._onsets[row].items()}
        self.perturbations[row] = perturbations
        members = perturbations.members
        self._onsets[row] = {i: began[m] for i, m in enumerate(members) if m in began}
        self._switch(row)

    def step(self, actions: Any) -> Step:
        """Advance by one control period under `actions` [B, A]; see `Simulator.step`."""
        expected = (len(self._steps), self.robot.spec.action_size)
        if np.shape(actions) != expected:
            raise RobotError(
                f"action: shape {np.shape(actions)} is not allowed; allowed: {expected}"
            )
        actions = self.clip(actions)
        ctrl = np.zeros(actions.shape)
        ctrl[:, self._actuators] = self.robot.commands(actions, self._steps)
        start, before = self._qpos, self.truth
        self._physics.step(ctrl, self.robot.substeps)
        self._qpos, self._qvel = self._physics.read()
        for row in self._physics.diverged():
            self._stop(int(row), start[row])
        self._steps += 1
        self.truth = self._observe(slice(None), start)
        reward = self.robot.spec.reward(before, actions, self.truth)
        fallen = self.robot.spec.fallen(self.truth)
        for row in sorted(self._followed):
            self._follow(row)
        for row in np.flatnonzero(self._steps == self._next_switch):
            self._switch(int(row))
        self._senses.record(self.truth)
        self.observation = self._senses.deliver()
        return Step(self.observation, reward, fallen, self.time)

    def clip(self, actions: Any) -> np.ndarray:
        """Actions inside the limits, float32 [..., A]; `RobotError` if one is not finite."""
        actions = np.asarray(actions)
        if actions.dtype.kind not in "fiu" or not np.isfinite(actions).all():
            raise RobotError("action: a value is not a finite number; allowed: finite numbers")
        return np.clip(actions, self._low, self._high).astype(np.float32)

    def _observe(self, rows: slice, start: Array) -> np.ndarray:
        heights = self._ground_heights()[rows]
        steps = self._steps[rows]
        return self.robot.observe(self._qpos[rows], self._qvel[rows], start, heights, steps)

    def _ground_heights(self) -> Array:
        """Height of the ground under each torso [B] [m]."""
        heights = np.zeros(len(self._qpos))
        for row in self._uneven:
            ground = self.ground(row)
            assert ground is not None, "rows are marked as uneven when they get their ground"
            heights[row] = ground.height(self.robot.position(self._qpos[row])[0])
        return heights

    def _build(self, row: int) -> Plant:
        """The row's plant for its present step, and when it changes next."""
        dt, step = self.robot.spec.dt, int(self._steps[row])
        perturbations = self.perturbations[row]
        position = self.robot.position(self._qpos[row])
        active = perturbations.active(step, dt)
        held = self._onsets[row]
        self._onsets[row] = {i: held.get(i, position) for i in active}
        members = [(perturbations.members[i], self._onsets[row][i]) for i in active]
        plant = build_plant(self.robot, members, position)
        self._plants[row] = plant
        (self._uneven.add if plant.ground else self._uneven.discard)(row)
        (self._followed.add if plant.followers else self._followed.discard)(row)
        self._senses.set(row, perturbations.sensing(self.robot, active))
        later = [s for s in perturbations.switch_steps(dt) if s > step]
        self._next_switch[row] = later[0] if later else -1
        return plant

    def _switch(self, row: int) -> None:
        before, height = self._plants[row], self._ground_heights()[row]
        plant = self._build(row)
        self._physics.switch(row, plant)
        if before.structures and plant.structures != before.structures:
            self._stand_on_floor(row, height)

    def _stand_on_floor(self, row: int, height: float) -> None:
        """Where a robot stood on one thing, put it on top of what has taken its place."""
        index = self.robot.height_index
        self._qpos[row, index] -= height
        self._qpos[row, index] -= min(lowest_point(self.robot, self._qpos[row]), 0.0)
        qpos, qvel = self._physics.whole(row)
        qpos[index] = self._qpos[row, index]
        qpos[self._qpos.shape[1] :] = 0.0  # another deck of the same make begins at rest
        qvel[self._qvel.shape[1] :] = 0.0

    def _stop(self, row: int, qpos: Array) -> None:
        """A robot whose physics diverged stands still where the control period began.

        MuJoCo has put it back to where the model file has it, which would count as distance run.
        """
        self._qpos[row], self._qvel[row] = qpos, 0.0
        self._physics.start(row, self._plants[row], self._qpos[row], self._qvel[row])

    def _follow(self, row: int) -> None:
        plant = self._plants[row]
        position = self.robot.position(self._qpos[row])
        for perturbation, onset in plant.followers:
            qpos, qvel = self._physics.whole(row)
            if perturbation.follow(plant.model, qpos, qvel, Place(onset, position)):
                self._physics.refresh(row)


def _initial_state(robot: Robot, rng: np.random.Generator) -> tuple[Array, Array]:
    """Where an episode starts: drawn as Gymnasium's MuJoCo environments draw it."""
    model = compiled(robot, ())
    noise = robot.reset_noise
    qpos = np.array(robot.initial_qpos) + rng.uniform(-noise, noise, model.nq)
    qvel = noise * rng.standard_normal(model.nv)
    mujoco.mj_normalizeQuat(model, qpos)
    return qpos, qvel
