"""A robot that follows a script of faults, and a planner for it: two sleds pushed by motors."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from controllers import GateConfig, MPCAgent, make_planner
from controllers.window import Window
from deploy.errors import DeployError
from deploy.runtime.link.base import Channel, Channels, Command, Observation, RobotLink
from deploy.runtime.log import McapLog, Topics, read_log
from deploy.runtime.loop.accounts import Accounts
from deploy.runtime.loop.clock import Clock, VirtualClock
from deploy.runtime.loop.planner import PlannerCore
from deploy.runtime.loop.ports import LocalPlanner, PlannerPort
from deploy.runtime.loop.record import Mode, TickRecord
from deploy.runtime.loop.session import Ending, Session
from deploy.runtime.loop.settings import Limits, LoopSettings
from deploy.runtime.loop.shield import Shield

DT = 0.02
S, A, H = 4, 2, 8
NAMES = ("x", "y", "x_speed", "y_speed")
UNITS = ("m", "m", "m/s", "m/s")
SAFE = np.array([0.1, -0.1], np.float32)


def move(gain: Any, state: Any, action: Any) -> Any:
    """Position and speed of two sleds `[..., 4]`, a control period later."""
    speed = 0.9 * state[..., 2:] + 0.4 * gain * action
    return np.concatenate([state[..., :2] + 0.1 * speed, speed], axis=-1)


class SledModel:
    """Adapts the motors' gain `[B, 1, 1]` by least squares; the goal is (1, 1)."""

    def prior_context(self, batch: int) -> tuple[np.ndarray, ...]:
        return (np.ones((batch, 1, 1), np.float32),)

    def adapt(self, window: Window) -> tuple[np.ndarray, ...]:
        change = window.next_observation[..., 2:] - 0.9 * window.observation[..., 2:]
        push = 0.4 * window.action * window.mask
        top = (push * change).sum(axis=(1, 2), keepdims=True) + 1e-3
        return ((top / ((push**2).sum(axis=(1, 2), keepdims=True) + 1e-3)).astype(np.float32),)

    def predict(self, context: Any, observation: Any, action: Any) -> tuple[Any, Any]:
        return move(context[0], observation, action), context

    def returns(self, context: Any, observation: Any, actions: Any, lookahead: Any = None) -> Any:
        state = np.repeat(observation[:, None], actions.shape[1], axis=1)
        total = np.zeros(actions.shape[:2], np.float32)
        for step in range(actions.shape[2]):
            state = move(context[0], state, actions[:, :, step])
            total -= ((state[..., :2] - 1) ** 2).sum(-1) + 0.01 * (state[..., 2:] ** 2).sum(-1)
        return total


def sled_agent(seed: int = 0, model: Any = None, candidates: int = 12, **changes: Any) -> MPCAgent:
    options = {"candidates": candidates, "horizon": H, "iterations": 2, "elites": 4}
    return MPCAgent(
        SledModel() if model is None else model,
        make_planner("cem", **options),
        action_low=-np.ones(A, np.float32),
        action_high=np.ones(A, np.float32),
        observation_size=S,
        window=changes.pop("window", 8),
        gate=changes.pop("gate", GateConfig()),
        seed=seed,
        **changes,
    )


def slow_agent(seed: int = 0, sleep_s: float = 0.0, at: int = 0, how: str = "sleep") -> MPCAgent:
    """An agent that misbehaves from plan number `at` on; for tests in another process."""
    plans = 0

    class Slow(SledModel):
        def returns(
            self, context: Any, observation: Any, actions: Any, lookahead: Any = None
        ) -> Any:
            nonlocal plans
            plans += 1
            if plans >= at:
                if how == "raise":
                    raise RuntimeError("the model broke")
                time.sleep(sleep_s)
            return super().returns(context, observation, actions, lookahead)

    return sled_agent(seed, Slow())


def limits(**changes: Any) -> Limits:
    values: dict[str, Any] = {
        "dt": DT,
        "observation_names": NAMES,
        "observation_units": UNITS,
        "observation_low": np.array([-50, -50, -20, -20], np.float32),
        "observation_high": np.array([50, 50, 20, 20], np.float32),
        "action_low": -np.ones(A, np.float32),
        "action_high": np.ones(A, np.float32),
        "action_step": np.full(A, 0.5, np.float32),
        "safe_action": SAFE,
    }
    return Limits(**(values | changes))


Fault = Callable[[Observation], Sequence[tuple[int, Observation]]]
"""From an observation to what is delivered instead: `(periods of delay, observation)` each."""


def fine(observation: Observation) -> Sequence[tuple[int, Observation]]:
    return [(0, observation)]


class Robot:
    """Two sleds with noisy sensors, which step by the clock whether commanded or not.

    Args:
        clock: that it steps by.
        fault: what happens to its observations.
        offset_ns: its own monotonic clock is this far ahead of ours.
        transport: control periods that commands take on their way.
        simulated: says that it may be reset.
        gain: of its motors.
        stretch: its control period, in those of the bundle.
        waits: `read` waits for an observation, as a real link does.
    """

    def __init__(
        self,
        clock: Clock,
        fault: Fault = fine,
        *,
        offset_ns: int = 10**12,
        transport: int = 0,
        simulated: bool = False,
        gain: float = 1.0,
        stretch: float = 1.0,
        waits: bool = False,
    ) -> None:
        self.clock, self.fault, self.offset_ns, self.transport = clock, fault, offset_ns, transport
        observation = tuple(Channel(n, u, -50, 50) for n, u in zip(NAMES, UNITS, strict=True))
        action = tuple(Channel(f"push_{axis}", "1", -1, 1) for axis in "xy")
        self.channels = Channels("sleds", DT, observation, action, tuple(SAFE.tolist()), simulated)
        self.gain, self.waits = gain, waits
        self.period = round(stretch * DT * 1e9)
        self.rng = np.random.default_rng(7)
        self.state = np.zeros(S)
        self.number = 0
        self.due = clock.now_ns()
        self.commands: list[Command] = []
        self.written_at: list[int] = []
        self.told_own: list[bool] = []
        self.own = True
        self.inbox: list[tuple[int, Observation]] = []
        self.write_error: Exception | None = None
        self.read_error: Exception | None = None
        self.closed = False
        self.reset_next = False
        self.say_applied: Callable[[int], int] = lambda sequence: sequence

    def read(self, timeout_s: float) -> Observation | None:
        if self.read_error is not None:
            raise self.read_error
        end = self.clock.now_ns() + round(timeout_s * 1e9)
        while True:
            observation = self._newest(self.clock.now_ns())
            now = self.clock.now_ns()
            if observation is not None or not self.waits or now >= end:
                return observation
            self.clock.sleep_until(min(self.due, end))

    def _newest(self, now: int) -> Observation | None:
        while self.due <= now:
            for delay, observation in self.fault(self._step()):
                self.inbox.append((self.due + round(delay * self.period), observation))
            self.due += self.period
        there = [entry for entry in self.inbox if entry[0] <= now]
        if not there:
            return None
        self.inbox = [entry for entry in self.inbox if entry[0] > now]
        return replace(there[-1][1], received_ns=now)

    def _step(self) -> Observation:
        acting, sequence = SAFE, -1
        period = self.period
        arrived = [
            command
            for command, at in zip(self.commands, self.written_at, strict=True)
            if at + self.transport * period < self.due
        ]
        if arrived:
            newest = arrived[-1]
            if newest.armed and self.due - newest.stamp_ns <= newest.valid_for_ns + period:
                acting, sequence = newest.values, newest.sequence
        self.own = sequence < 0
        assert np.isfinite(acting).all()
        self.state = move(self.gain, self.state, acting)
        noise = 0.001 * self.rng.standard_normal(S)
        reset, self.reset_next = self.reset_next, False
        observation = Observation(
            sequence=self.number,
            stamp_ns=self.due + self.offset_ns,
            received_ns=self.due,
            values=(self.state + noise).astype(np.float32),
            applied=np.array(acting, np.float32),
            applied_sequence=self.say_applied(sequence),
            reset=reset,
            reward=float(-((self.state[:2] - 1) ** 2).sum()),
        )
        self.number += 1
        return observation

    def write(self, command: Command) -> None:
        if self.write_error is not None:
            raise self.write_error
        self.commands.append(command)
        self.written_at.append(self.clock.now_ns())
        self.told_own.append(self.own)

    def close(self) -> None:
        self.closed = True


class Keep:
    """A log in memory."""

    def __init__(self) -> None:
        self.records: list[TickRecord] = []

    def record(self, record: TickRecord) -> None:
        self.records.append(record)


class Voice:
    """A person at a terminal, who speaks at given ticks."""

    def __init__(self, words: dict[int, str]) -> None:
        self.words, self.tick, self.present = words, -1, True

    def word(self) -> str:
        self.tick += 1
        return self.words.get(self.tick, "")


@dataclass
class Rig:
    """A whole run in virtual time."""

    robot: Robot
    shield: Shield
    session: Session
    log: Keep
    accounts: Accounts
    bound: Limits

    def run(self) -> Ending:
        return self.session.run()

    def modes(self) -> list[Mode]:
        return [record.mode for record in self.log.records]

    def first(self, mode: Mode, after: int = 0) -> TickRecord:
        """The first record in that mode from tick `after` on."""
        return next(r for r in self.log.records if r.tick >= after and r.mode is mode)


def rig(
    fault: Fault = fine,
    *,
    ticks: int | None = 120,
    agent: Any = None,
    latency: Any = 0,
    planner: PlannerPort | None = None,
    clock: Clock | None = None,
    person: Any = None,
    arm: bool = True,
    sinks: Sequence[Any] = (),
    follow: bool = False,
    robot: dict[str, Any] | None = None,
    bounds: dict[str, Any] | None = None,
    wrap: Callable[[Robot], RobotLink] = lambda robot: robot,
    **settings: Any,
) -> Rig:
    """A robot, a shield, a planner in the loop, and a session to run them."""
    clock = VirtualClock() if clock is None else clock
    config = LoopSettings(**settings)
    machine = Robot(clock, fault, **(robot or {}))
    bound = limits(simulated=machine.channels.simulated, **(bounds or {}))
    if planner is None:
        agent = sled_agent() if agent is None else agent
        planner = LocalPlanner(PlannerCore(agent, clock, timed=False), latency)
    wait_s = 0.2 * DT if follow else 0.0
    shield = Shield(wrap(machine), bound, planner, config, clock, wait_s=wait_s)
    accounts, log = Accounts(bound, config), Keep()
    session = Session(
        shield, bound, config, clock, accounts,
        sinks=[log, *sinks], person=person, arm=arm, ticks=ticks, follow=follow,
    )  # fmt: skip
    return Rig(machine, shield, session, log, accounts, bound)


def run_logged(made: Rig) -> Ending:
    """Run to the end, with a log on the disk as well: every tick must be in it, as it was.

    Every command that left was allowed, too, whatever happened.
    """
    with tempfile.TemporaryDirectory(prefix="run-") as folder:
        path = Path(folder) / "run.mcap"
        log = McapLog(path, Topics(NAMES, ("push_x", "push_y")), {})
        made.session._sinks.append(log)
        try:
            ending = made.run()
        finally:
            log.close(120)  # however busy the machine is
            assert log.trouble == ""
            kept, records = read_log(path).records, made.log.records
            check_commands(made.robot, made.bound)
    assert len(records) == made.accounts.ticks
    for one, other in zip(kept, records, strict=True):
        assert (one.tick, one.mode, one.reason) == (other.tick, other.mode, other.reason)
        np.testing.assert_array_equal(one.command, other.command)
        np.testing.assert_array_equal(one.observation, other.observation)
    return ending


def check_commands(robot: Robot, bound: Limits | None = None) -> None:
    """No command that left was anything but finite, inside the limits, and near the one before.

    Or near the safe action, where the robot says that it follows that by itself.
    """
    bound = limits() if bound is None else bound
    last = None
    for command, own in zip(robot.commands, robot.told_own, strict=True):
        assert command.values.dtype == np.float32
        assert np.isfinite(command.values).all()
        assert (command.values >= bound.action_low).all()
        assert (command.values <= bound.action_high).all()
        if last is not None:
            near = (np.abs(command.values - last) <= bound.action_step + 1e-6).all()
            safe = (np.abs(command.values - bound.safe_action) <= bound.action_step + 1e-6).all()
            assert near or (own and safe)
        last = command.values


def broken_link(text: str = "link: gone") -> DeployError:
    return DeployError(text)
