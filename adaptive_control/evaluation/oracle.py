"""The simulator oracle: the same planner, scored by the true simulator, which knows the fault.

No learned model can plan better from the same candidates: it is the ceiling that each is measured
against. It plans for what they plan for, the robot's caution included: without, a half-cheetah
throws itself on its back and the ceiling lies below what models reach.
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
        self._value, self._caution = value, spec.caution
        self._planner = planner
        self._simulator = simulator
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
        earned, goes_on = self._charged(rewards.astype(np.float64), after)
        earned = earned.cumsum(axis=1)
        ahead, (count, horizon) = self._planner.lookahead, rewards.shape
        left = np.arange(count)

        def promised(step: int, weight: float) -> np.ndarray:
            expected = self._expected(after[left, step - 1])
            return earned[left, step - 1] + weight * np.where(goes_on[left, step - 1], expected, 0)

        for step, kept in ahead.drops(count, horizon).items():
            left = left[who_goes_on(promised(step, 1.0), kept)]
        returns = np.full((1, count), -np.inf)
        returns[0, left] = promised(horizon, ahead.terminal) if ahead.terminal else earned[left, -1]
        return returns

    def _charged(self, rewards: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What caution leaves of the rewards, as in `dynamics.rollout.planned_step`.

        Args:
            rewards: `[N, H]`.
            after: the observation after each step, `[N, H, S]`.

        Returns:
            `[N, H]`, and whether the sequence has not ended with that step, `[N, H]` bool.
        """
        caution = self._caution
        if caution is None:
            return rewards, np.ones(rewards.shape, dtype=bool)
        first = np.broadcast_to(self._simulator.true_observation, after[:, :1].shape)
        unsafe = caution.unsafe(np.concatenate([first, after], axis=1))
        ends = unsafe[:, 1:]
        if caution.recoverable:
            ends = ends & ~unsafe[:, :-1]
        goes_on = ~np.logical_or.accumulate(ends, axis=1)
        began = np.concatenate([np.ones_like(goes_on[:, :1]), goes_on[:, :-1]], axis=1)
        weight = self._planner.lookahead.caution
        left = rewards - weight * caution.unease(after) - weight * caution.cost * ends
        return np.where(began, left, 0.0), goes_on

    def _expected(self, observation: np.ndarray) -> np.ndarray:
        assert self._value is not None
        with torch.no_grad():
            return self._value(torch.from_numpy(observation.astype(np.float32))).numpy()

    def close(self) -> None:
        """Stop the rollout threads."""
        self._scorer.close()
