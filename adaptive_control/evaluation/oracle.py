"""The simulator oracle: the same planner, scored by the true simulator, which knows the fault.

No learned model can plan better from the same candidates: it is the ceiling that each is measured
against.
"""

from __future__ import annotations

import numpy as np
import torch

from adaptive_control.dynamics.value import TerminalValue
from adaptive_control.planning import checked_terminal
from controllers import NoiseSource, Planner, who_goes_on
from robots import RolloutScorer, Simulator

__all__ = ["OracleAgent"]


class OracleAgent:
    """Plans for one simulated robot with `mujoco.rollout` in place of a model.

    Args:
        simulator: the robot, as it is when `act` is called.
        planner: settings of the planner, as for a learned model.
        seed: of the planner's noise.
        threads: cores for the rollouts; 0 uses all.
        value: the terminal value, for a planner that asks for it.

    Raises:
        PlannerError: the planner asks for it, and there is none.
    """

    def __init__(
        self, simulator: Simulator, planner: Planner, seed: int = 0, threads: int = 0,
        value: TerminalValue | None = None,
    ):  # fmt: skip
        checked_terminal(planner, value)
        spec = simulator.robot.spec
        self._value = value
        self._planner = planner
        self._scorer = RolloutScorer(simulator, threads)
        self._noise = NoiseSource((seed,))
        low, high = spec.action_low.astype(np.float64), spec.action_high.astype(np.float64)
        self._plan = planner.start(1, low, high)
        self._shape = planner.noise_shape(1, spec.action_size)

    def act(self) -> np.ndarray:
        """The action for the simulator's present state, `[A]` float32."""
        plan = self._planner.shift(self._plan)
        for _ in range(self._planner.iterations):
            plan = self._planner.improve(
                plan, self._score, self._noise.draw(self._shape, plan.mean)
            )
        self._plan = plan
        return np.asarray(plan.action[0], dtype=np.float32)

    def _score(self, actions: np.ndarray) -> np.ndarray:
        """What a model would be asked for, from the true simulator: `[1, N, H, A]` -> `[1, N]`.

        All sequences are played to the end; those that the planner drops on the way do not count.
        """
        rewards, after = self._scorer.play(actions[0])
        ahead, (count, horizon) = self._planner.lookahead, rewards.shape
        earned = rewards.cumsum(axis=1, dtype=np.float64)
        left = np.arange(count)
        for step, kept in ahead.drops(count, horizon).items():
            promised = earned[left, step - 1] + self._expected(after[left, step - 1])
            left = left[who_goes_on(promised, kept)]
        returns = np.full((1, count), -np.inf)
        returns[0, left] = earned[left, -1]
        if ahead.terminal:
            returns[0, left] += ahead.terminal * self._expected(after[left, -1])
        return returns

    def _expected(self, observation: np.ndarray) -> np.ndarray:
        assert self._value is not None
        with torch.no_grad():
            return self._value(torch.from_numpy(observation.astype(np.float32))).numpy()

    def close(self) -> None:
        """Stop the rollout threads."""
        self._scorer.close()
