"""A simulated robot in real time: it steps at its control period, whoever answers or does not.

    due k    the period k has passed: send the observation, choose the command of the period
             k + 1, compute how that one ends
    between  listen

Where a command acts in the very period that it answers (delay 0), how the period ends can only be
computed when it has passed, and the observation is late by the time that takes.

The watchdog: a command acts no longer than its own validity after it arrived; then, and with no
commander, the robot takes its safe action.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from deploy.robot.config import SimulateConfig
from deploy.robot.plant import LinkedPlant
from deploy.robot.server import RobotServer
from deploy.runtime.link.address import SimulatedRobot, parse_address
from deploy.runtime.link.base import Command

__all__ = ["Report", "simulate"]


@dataclass(frozen=True)
class Report:
    """How it went.

    Attributes:
        ticks: control periods.
        late: periods that ended more than a tenth of one too late.
        skipped: periods left out because the machine did not keep up.
        expired: periods under the safe action though a commander had been there.
        dropped: packets dropped, by reason.
        episode_return: since the first armed command.
    """

    ticks: int
    late: int
    skipped: int
    expired: int
    dropped: dict[str, int]
    episode_return: float


class _RealTime:
    """The loop and what it counts."""

    def __init__(self, config: SimulateConfig, say: Callable[[str], None]) -> None:
        self._config, self._say = config, say
        named = SimulatedRobot(config.robot, config.perturb, config.seed, config.backend)
        self._plant = LinkedPlant(named)
        self._server = RobotServer(parse_address(config.listen), self._plant.channels)
        self._period_ns = round(self._plant.spec.dt * 1e9)
        self._ticks = self._late = self._skipped = self._expired = 0

    def run(self, stopped: Callable[[], bool]) -> Report:
        config, period = self._config, self._period_ns
        self._say(
            f"{config.robot} listens at {self._server.address}, "
            f"{self._plant.spec.dt:g} s a control period"
        )
        end = config.ticks(self._plant.spec.dt)
        due = time.monotonic_ns()
        held: Command | None = None
        try:
            while not stopped() and (end is None or self._ticks < end):
                began, due = due, due + period
                command = held
                if config.delay:
                    observation = self._plant.step(command)
                    self._server.serve(due)
                else:
                    self._server.serve(due)
                    command = self._valid(began)
                    observation = self._plant.step(command)
                now = time.monotonic_ns()
                self._server.send(replace(observation, stamp_ns=now, received_ns=now))
                self._count(command)
                if not self._server.commanded and self._plant.running:
                    self._plant.stand()
                    self._server.forget()
                    self._say("nobody commands the robot any more")
                due = self._catch_up(due)
                # After catching up: a command may have expired while this process stood still.
                held = self._valid(due)
        finally:
            self._server.close()
        return self._report()

    def _valid(self, at_ns: int) -> Command | None:
        """The newest command, unless it has expired when its period begins."""
        newest = self._server.newest()
        if newest is None:
            return None
        command, arrived = newest
        return command if at_ns - arrived <= command.valid_for_ns else None

    def _count(self, command: Command | None) -> None:
        self._ticks += 1
        self._expired += command is None and self._plant.running
        second = round(1e9 / self._period_ns)
        if not self._config.quiet and self._ticks % second == 0:
            state = "commanded" if self._plant.running else "waiting"
            self._say(
                f"{self._ticks * self._plant.spec.dt:8.1f} s  {state}  "
                f"return {self._plant.episode_return:.1f}  late {self._late}  "
                f"dropped {sum(self._server.counters.values())}"
            )

    def _catch_up(self, due: int) -> int:
        """The deadline that has just been met, or the last one that has passed: never a burst."""
        behind = time.monotonic_ns() - due
        self._late += behind > self._period_ns // 10
        missed = behind // self._period_ns
        self._skipped += max(0, missed)
        return due + max(0, missed) * self._period_ns

    def _report(self) -> Report:
        return Report(
            self._ticks, self._late, self._skipped, self._expired,
            dict(self._server.counters), self._plant.episode_return,
        )  # fmt: skip


def simulate(
    config: SimulateConfig,
    say: Callable[[str], None] = lambda line: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Report:
    """Be the robot until the time is up or `stopped` says so.

    Args:
        config: settings.
        say: told a line a second.
        stopped: asked every control period.

    Raises:
        DeployError: the address.
        RobotError: the robot, or its perturbation.
    """
    return _RealTime(config, say).run(stopped)
