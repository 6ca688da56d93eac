"""A simulated robot behind a link: it stands until it is commanded, then its episode begins."""

from __future__ import annotations

import time

import numpy as np

from deploy.robot.backends import make_simulator
from deploy.robot.channels import channels_of
from deploy.runtime.link.address import SimulatedRobot
from deploy.runtime.link.base import Command, Observation

__all__ = ["LinkedPlant"]


class LinkedPlant:
    """Steps a simulator, one control period at a time, and tells what came of it.

    Until somebody arms it, the robot moves under its safe action. With the first armed command it
    is set back to its start, so that seeds and the times of perturbations count from there.

    Args:
        named: robot, perturbation, seed, backend.
    """

    def __init__(self, named: SimulatedRobot) -> None:
        self._simulator = make_simulator(named.backend, named.robot, named.perturb, named.seed)
        self.spec = self._simulator.robot.spec
        self._seed = named.seed
        self.channels = channels_of(self.spec)
        self._safe = np.array(self.channels.safe_action, np.float32)
        self._sequence = 0
        self.running = False
        self.episode_return = 0.0
        # What the first step loads is loaded before anybody waits for it: it took a whole period.
        self._simulator.step(self._safe)
        self.observation = self._observe(self._simulator.reset(self._seed), self._safe, -1, True)

    def stand(self) -> None:
        """Wait for the next commander."""
        self.running = False

    def step(self, command: Command | None) -> Observation:
        """One control period.

        Args:
            command: to apply; None: the robot's safe action.
        """
        self._sequence += 1
        if not self.running and command is not None and command.armed:
            self.running = True
            self.episode_return = 0.0
            start = self._simulator.reset(self._seed)
            self.observation = self._observe(start, self._safe, -1, True)
            return self.observation
        obeyed = command if command is not None and command.armed else None
        action = self._safe if obeyed is None else obeyed.values
        low, high = self.spec.action_low, self.spec.action_high
        # The robot's own last line of defence; a command that is not finite is no command.
        action = np.clip(action, low, high) if np.isfinite(action).all() else self._safe
        outcome = self._simulator.step(action)
        if self.running:
            self.episode_return += float(outcome.reward)
        self.observation = self._observe(
            outcome.observation, action, -1 if obeyed is None else obeyed.sequence, False,
            fallen=bool(outcome.fallen), reward=float(outcome.reward),
        )  # fmt: skip
        return self.observation

    def _observe(
        self, values: np.ndarray, applied: np.ndarray, applied_sequence: int, reset: bool,
        *, fallen: bool = False, reward: float = float("nan"),
    ) -> Observation:  # fmt: skip
        now = time.monotonic_ns()
        return Observation(
            sequence=self._sequence, stamp_ns=now, received_ns=now,
            values=np.array(values, np.float32), applied=np.array(applied, np.float32),
            applied_sequence=applied_sequence, reset=reset, fallen=fallen, reward=reward,
        )  # fmt: skip
