"""The simulator oracle's scorer: what candidate action sequences would really earn."""

from __future__ import annotations

import os
from typing import Any

import mujoco
import numpy as np
from mujoco.rollout import Rollout

from robots.errors import RobotError
from robots.plant import Layout, compiled, physics_steps
from robots.simulator import Simulator

__all__ = ["RolloutScorer"]

_STATE = mujoco.mjtState.mjSTATE_FULLPHYSICS


class RolloutScorer:
    """Scores action sequences in the true simulator, from its present state, on all cores.

    It knows what acts on the robot now and takes it to stay so over the horizon. Sensor faults
    play no part: it sees the true state. The simulator itself is not touched, and stepping it
    through one of the sequences earns exactly what is said here (on a conveyor of ground, up to
    where it would have been moved: see `perturbations/conveyor.py`).

    Args:
        simulator: the robot to plan for.
        threads: to use; 0: one for each core.
    """

    def __init__(self, simulator: Simulator, threads: int = 0):
        self._simulator = simulator
        self._threads = threads or os.cpu_count() or 1
        # Rollout takes 0 to mean the calling thread.
        self._pool = Rollout(nthread=self._threads if self._threads > 1 else 0)
        self._datas: list[mujoco.MjData] = []
        self._layout: Layout | None = None
        self._actuators = simulator.robot.actuator_ids(compiled(simulator.robot, ()))

    def score(self, actions: Any) -> np.ndarray:
        """Returns of sequences, float64 [N]; -inf where the physics diverges. See `play`."""
        rewards, _ = self.play(actions)
        return rewards.sum(axis=1, dtype=np.float64)

    def rewards(self, actions: Any) -> np.ndarray:
        """Rewards of each step of the sequences, float32 [N, H]. See `play`."""
        return self.play(actions)[0]

    def play(self, actions: Any) -> tuple[np.ndarray, np.ndarray]:
        """Play sequences, all from the simulator's present state.

        Args:
            actions: [N, H, A]; beyond the limits of the spec they are clipped to them.

        Returns:
            Rewards of each step, float32 [N, H], -inf from where the physics diverges; and the
            observations after each, [N, H, S].

        Raises:
            RobotError: the actions have another shape, or a value that is not finite.
        """
        robot, spec = self._simulator.robot, self._simulator.robot.spec
        actions = np.asarray(actions)
        if actions.ndim != 3 or actions.shape[2] != spec.action_size or 0 in actions.shape:
            raise RobotError(
                f"actions: shape {actions.shape} is not allowed; "
                f"allowed: (N, H, {spec.action_size})"
            )
        actions = self._simulator.clip(actions)
        count, horizon, _ = actions.shape
        states = self._roll(actions)

        nominal = compiled(robot, ())
        model = self._simulator.model
        qpos = states[:, :, 1 : 1 + nominal.nq]
        qvel = states[:, 1:, 1 + model.nq : 1 + model.nq + nominal.nv]
        flat = lambda values: values.reshape(count * horizon, -1)  # noqa: E731
        start, end = flat(qpos[:, :-1]), flat(qpos[:, 1:])
        ground = self._simulator.ground_height(robot.position(end)[:, 0])
        steps = np.tile(self._simulator.steps + 1 + np.arange(horizon), count)
        after = robot.observe(end, flat(qvel), start, ground, steps).reshape(count, horizon, -1)
        first = np.broadcast_to(self._simulator.true_observation, (count, 1, after.shape[2]))
        before = np.concatenate([first, after[:, :-1]], axis=1)
        rewards = spec.reward(before, actions, after)
        # MuJoCo resets a diverged simulation, its clock too, and the rollout stops there.
        diverged = np.diff(states[:, :, 0], axis=1) < 0.5 * spec.dt
        rewards = np.where(np.logical_or.accumulate(diverged, axis=1), -np.inf, rewards)
        return rewards, after

    def _roll(self, actions: np.ndarray) -> np.ndarray:
        """States at the start and after each control step [N, H + 1, nstate]."""
        simulator = self._simulator
        model, data = simulator.model, simulator.data
        substeps = physics_steps(simulator.robot, model, simulator.robot.substeps)
        if self._layout != simulator.layout:
            self._layout = simulator.layout
            self._datas = [mujoco.MjData(model) for _ in range(self._threads)]
        state = np.empty(mujoco.mj_stateSize(model, _STATE))
        mujoco.mj_getState(model, data, state, _STATE)
        ctrl = np.zeros((*actions.shape[:2], model.nu))
        steps = simulator.steps + np.arange(actions.shape[1])
        ctrl[:, :, self._actuators] = simulator.robot.commands(actions, steps)
        states, _ = self._pool.rollout(
            model,
            self._datas,
            np.tile(state, (len(actions), 1)),
            np.repeat(ctrl, substeps, axis=1),
            initial_warmstart=np.tile(data.qacc_warmstart, (len(actions), 1)),
        )
        first = np.broadcast_to(state, (len(actions), 1, state.size))
        return np.concatenate([first, np.asarray(states)[:, substeps - 1 :: substeps]], axis=1)

    def close(self) -> None:
        """Stop the threads."""
        self._pool.close()
