"""A robot at rest is well; a sensor that is stuck or frozen while it moves is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deploy.robot.plant import LinkedPlant
from deploy.runtime.link.address import SimulatedRobot
from deploy.runtime.link.base import Command, Observation
from deploy.runtime.loop.checks import ObservationChecker
from deploy.runtime.loop.settings import Limits, LoopSettings
from deploy.runtime.loop.stillness import Stillness

PERIOD_NS = 50_000_000
LIVELY = 400
"""Observations of a motion before the fault."""


class Walker:
    """A simulated robot and what checks it; counts periods."""

    def __init__(self, name: str) -> None:
        self.plant = LinkedPlant(SimulatedRobot(name, "none", 0, "mujoco"))
        channels = self.plant.channels
        size, actions = len(channels.observation), channels.action
        limits = Limits(
            dt=PERIOD_NS * 1e-9,
            observation_names=tuple(channel.name for channel in channels.observation),
            observation_units=tuple(channel.unit for channel in channels.observation),
            observation_low=np.full(size, -np.inf, np.float32),
            observation_high=np.full(size, np.inf, np.float32),
            action_low=np.array([channel.low for channel in actions], np.float32),
            action_high=np.array([channel.high for channel in actions], np.float32),
            action_step=np.ones(len(actions), np.float32),
            safe_action=np.array(channels.safe_action, np.float32),
            simulated=True,
        )
        self.checker, self.limits = ObservationChecker(limits, LoopSettings()), limits
        self.rng = np.random.default_rng(0)
        self.now = 0

    def moved(self) -> Observation:
        """After a period of a random command."""
        low, high = self.limits.action_low, self.limits.action_high
        action = self.rng.uniform(low, high).astype(np.float32)
        return self.plant.step(Command(self.now, 0, 0, 10**9, action))

    def check(self, observation: Observation) -> tuple[str, str]:
        """Why it must not be used, and why it must not be learned from."""
        self.now += PERIOD_NS
        stamped = replace(observation, stamp_ns=self.now, received_ns=self.now)
        found = self.checker.check(stamped, self.now)
        return found.blind, found.doubt


@pytest.mark.parametrize("name", ["half-cheetah", "ant"])
def test_a_simulated_robot_may_rest_before_and_after_it_moved(name: str) -> None:
    """Under its safe action it repeats its height to the last bit, and little else."""
    walker = Walker(name)
    for _ in range(500):
        assert walker.check(walker.plant.step(None)) == ("", "")
    for _ in range(100):
        assert walker.check(walker.moved()) == ("", "")
    for _ in range(700):
        assert walker.check(walker.plant.step(None)) == ("", "")
    assert walker.check(walker.moved()) == ("", "")


@pytest.mark.parametrize("name", ["half-cheetah", "ant"])
def test_a_sensor_that_sticks_while_it_rests_is_found_when_it_moves(name: str) -> None:
    walker = Walker(name)
    for _ in range(100):
        walker.check(walker.moved())
    for _ in range(500):
        rested = walker.plant.step(None)
        assert walker.check(rested) == ("", "")
    doubts = []
    for _ in range(12):
        values = walker.moved().values.copy()
        values[0] = rested.values[0]
        doubts.append(walker.check(replace(walker.plant.observation, values=values))[1])
    assert doubts[7] == ""
    assert "stuck for 10" in doubts[9] or "stuck for 11" in doubts[9]


def still(lively: bool) -> Stillness:
    """Three channels that were in motion until now, or that slowly came to rest."""
    made = Stillness(np.full(3, 1e-4), np.ones(1), frozen_after=3, stuck_after=10)
    rng = np.random.default_rng(0)
    for _ in range(LIVELY):
        assert made.see(rng.normal(size=3), np.zeros(1), "abc") == ""
    if not lively:
        for tick in range(60):
            assert made.see(np.full(3, 1 + 0.5**tick), np.zeros(1), "abc") == ""
    return made


def test_what_freezes_in_the_midst_of_a_motion_is_frozen() -> None:
    made = still(lively=True)
    values = np.ones(3)
    words = [made.see(values, np.zeros(1), "abc") for _ in range(4)]
    assert words == ["", "", *(f"observation: frozen for {n} control periods" for n in (3, 4))]


def test_what_came_to_rest_is_not_frozen_until_commands_change() -> None:
    made = still(lively=False)
    values = np.ones(3)
    for _ in range(30):
        assert made.see(values, np.zeros(1), "abc") == ""
    assert not made.frozen
    assert "frozen for" in made.see(values, np.array([0.2]), "abc")
    assert "frozen for" in made.see(values, np.array([0.2]), "abc"), "until it shows something"
    assert made.see(np.full(3, 1.01), np.array([0.2]), "abc") == ""
