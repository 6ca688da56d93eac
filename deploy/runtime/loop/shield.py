"""The shield: the only one who speaks to the robot. Small and dull; checks everything.

    read -> check -> (hand to the planner) -> newest plan still valid? -> mode -> guard -> write

`Shield.tick` is the whole of it, from top to bottom.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deploy.errors import DeployError
from deploy.runtime.link.base import Command, RobotLink
from deploy.runtime.loop.answers import Answers
from deploy.runtime.loop.clock import Clock
from deploy.runtime.loop.flight import MOST_IN_FLIGHT, Flight
from deploy.runtime.loop.guard import CommandGuard, ramp
from deploy.runtime.loop.intake import Intake, Sight
from deploy.runtime.loop.messages import PlannerTask
from deploy.runtime.loop.modes import ModeMachine, Situation
from deploy.runtime.loop.plans import Choice, PlanShelf
from deploy.runtime.loop.ports import PlannerPort
from deploy.runtime.loop.record import Mode, PlanRecord, TickRecord
from deploy.runtime.loop.settings import Limits, LoopSettings
from deploy.runtime.loop.stages import Stopwatch, record_of

__all__ = ["Shield"]

POLL_NS = 200_000
"""Pause between two looks for the plan of this tick."""

LONGEST_RAMP_NS = 60 * 10**9
"""No rate limit keeps the last word waiting longer."""


class Shield:
    """Owns the link to the robot.

    Args:
        link: to the robot, channels in the bundle's order.
        limits: of the robot.
        planner: where plans come from.
        settings: of the loop.
        clock: of the loop.
        wait_s: longest wait for the observation of a tick [s].
        wall_ns: the wall clock, for the log alone.
    """

    def __init__(
        self,
        link: RobotLink,
        limits: Limits,
        planner: PlannerPort,
        settings: LoopSettings,
        clock: Clock,
        *,
        wait_s: float = 0.0,
        wall_ns: Callable[[], int] = lambda: 0,
    ) -> None:
        self._link, self._limits, self._planner = link, limits, planner
        self._settings, self._clock = settings, clock
        self._wait_s, self._wall_ns = wait_s, wall_ns
        self._flight = Flight(settings.valid_ticks, limits.safe_action)
        self._answers = Answers()
        self._intake = Intake(link, limits, settings, self._flight, self._answers)
        self._shelf = PlanShelf(limits, settings)
        self._guard = CommandGuard(limits)
        self.modes = ModeMachine(settings)
        self.armed = False
        self._asked = False
        self._sight: Sight | None = None
        self._epoch = 0
        self._sequence = -1
        self._started_ns = 0
        self._written_ns = 0
        self._ramp_from = self._guard.last
        self._ramp_tick = 0
        if settings.readonly:
            self.modes.arm()  # the modes that would be, though no command leaves

    @property
    def broken(self) -> str:
        """Why the link is lost for good; "" while it works."""
        return self._intake.broken

    # Arming is for people.

    def ask_to_arm(self) -> None:
        """Let the robot move from the next tick on, if that brings a usable observation."""
        self._asked = not self._settings.readonly

    def _answer(self, sight: Sight) -> None:
        """Arm if a person asked for it and the robot is stopped and seen; else say why not."""
        asked, self._asked = self._asked, False
        if not asked or self.modes.mode is not Mode.STOP:
            return
        if why := sight.fatal or sight.check.blind:
            self.modes.refuse(why)
        else:
            self.arm()

    def arm(self) -> None:
        """Let the robot move; all that was learned is forgotten."""
        self._start_over()
        self._guard.start_from(self._intake.applied)
        self.modes.arm()
        self.armed = True

    def _start_over(self) -> None:
        self._epoch += 1
        self._shelf.clear()
        self._flight.start_over()
        self._answers.start_over()

    # One tick.

    def next_arrival(self, wait_s: float) -> int:
        """When an observation arrives that was not waiting yet; now, if none does in `wait_s`."""
        self._intake.read(0.0)
        observation = self._intake.read(wait_s)
        return self._clock.now_ns() if observation is None else observation.received_ns

    def tick(self, number: int, due_ns: int) -> TickRecord:
        """Read, check, decide, write.

        Args:
            number: of the tick.
            due_ns: when it should have begun.
        """
        watch = Stopwatch(self._clock, due_ns)
        observation = self._intake.read(self._wait_s)
        watch.stage("read")
        sight = self._sight = self._intake.judge(observation, watch.now_ns)
        if sight.restarted:
            self._start_over()
            if self.modes.mode is not Mode.STOP:
                self.modes.restart("the robot started anew, waiting for the first plan")
        self._answer(sight)
        self.modes.see(sight.check.doubt)
        watch.stage("check")

        plans = []
        posted = False
        if sight.usable and self._settings.lead == 0:
            posted = self._post(number, due_ns, sight)
        if posted:
            plans += self._await_plan(number, due_ns, sight.newest)
        plans += self._collect(number)
        choice = self._shelf.choose(sight.newest, sight.period + self._flight.delay)
        watch.stage("wait")

        mode = self._decide(sight, choice, watch.started_ns)
        wanted, command = self._command(mode, choice)
        watch.stage("guard")
        sent = self._write(command, sight.newest, sight.period)
        watch.stage("write")
        if sight.usable and self._settings.lead == 1:
            posted = self._post(
                number, due_ns, sight
            )  # now that this tick's command is in flight, too
            watch.stage("post")
        return record_of(
            watch, number, sight, choice, plans,
            size=self._limits.observation_size, wall_ns=self._wall_ns(),
            applied=self._intake.applied, delay=self._flight.delay,
            wanted=wanted, command=command,
            command_sequence=self._sequence if sent else -1,
            posted=posted, epoch=self._epoch, frozen=self.modes.frozen,
            armed=self.armed, mode=mode, reason=self.modes.reason,
        )  # fmt: skip

    def _post(self, number: int, due_ns: int, sight: Sight) -> bool:
        """Hand the observation to the planner; whether it was."""
        last, settings, period_ns = sight.last, self._settings, self._limits.dt_ns
        first = sight.period + self._flight.delay + settings.lead
        count = first - sight.newest
        if last is None or count > MOST_IN_FLIGHT:
            return False
        until = 1.0 if settings.lead else settings.answer_by
        self._planner.post(
            PlannerTask(
                tick=number,
                epoch=self._epoch,
                sequence=last.sequence,
                received_ns=last.received_ns,
                deadline_ns=due_ns + round((until - settings.margin) * period_ns),
                first_sequence=first,
                transition=sight.transition,
                frozen=self.modes.frozen,
                observation=last.values,
                applied=self._intake.applied,
                in_flight=self._flight.acting(last.sequence, count, self._intake.applied),
            )
        )
        return True

    def _await_plan(self, number: int, due_ns: int, sequence: int) -> list[PlanRecord]:
        """Wait for the plan of this observation, until the command must leave."""
        give_up = due_ns + round(self._settings.answer_by * self._limits.dt_ns)
        plans = self._collect(number)
        while not self._shelf.answers(sequence) and (now := self._clock.now_ns()) < give_up:
            if self._planner.trouble():
                break
            self._clock.sleep_until(min(give_up, now + POLL_NS))
            plans += self._collect(number)
        return plans

    def _collect(self, number: int) -> list[PlanRecord]:
        plans = self._planner.collect(number)
        self._shelf.add(plans, self._epoch)
        return plans

    def _decide(self, sight: Sight, choice: Choice, started_ns: int) -> Mode:
        settings = self._settings
        paused_ns = started_ns - self._started_ns if self._started_ns else 0
        self._started_ns = started_ns
        fatal = sight.fatal
        if paused_ns > (settings.hold_ticks + 1) * self._limits.dt_ns:
            fatal = fatal or f"the loop stood still for {paused_ns * 1e-9:.2f} s"
            self._answers.expire()
        self._follow_what_acts()
        stale = choice.stale
        if stale and (trouble := self._planner.trouble()):
            stale = f"planner: {trouble}"
        before = self.modes.mode
        mode = self.modes.step(
            Situation(
                fatal=fatal,
                blind=sight.check.blind,
                stale=stale,
                tail=choice.row >= 0,
                settled=np.array_equal(self._guard.last, self._limits.safe_action),
            )
        )
        if mode is Mode.SAFE and before is not Mode.SAFE:
            self._ramp_from, self._ramp_tick = self._guard.last, 0
        return mode

    def _follow_what_acts(self) -> None:
        """Commands start from what the robot does by itself, where it no longer obeys."""
        acting = None
        if self.armed and self._answers.alone(self._flight.delay):
            stopping = self.modes.mode in (Mode.SAFE, Mode.STOP)
            acting = self._limits.safe_action if stopping else self._intake.applied
        self._guard.stay_near(acting)

    def _command(self, mode: Mode, choice: Choice) -> tuple[np.ndarray, np.ndarray]:
        """What the plan asks for, NaN without one, and what may leave; [A] each."""
        planned = choice.action
        wanted = np.full(self._limits.action_size, np.nan, np.float32)
        if planned is not None:
            wanted = planned
        if mode is Mode.STOP:
            return wanted, self._guard(self._limits.safe_action)
        if mode is Mode.SAFE:
            return wanted, self._guard(self._towards_safe())
        return wanted, self._guard(self._guard.last if planned is None else planned)

    def _towards_safe(self) -> np.ndarray:
        self._ramp_tick += 1
        ticks = round(self._settings.ramp_s / self._limits.dt)
        return ramp(self._ramp_from, self._limits.safe_action, self._ramp_tick, ticks)

    def _write(self, values: np.ndarray, answers: int, period: int) -> bool:
        """Send a command if the robot is armed; whether it left."""
        if not self.armed:
            return False
        self._sequence += 1
        period_ns = self._limits.dt_ns
        command = Command(
            sequence=self._sequence,
            for_sequence=answers,
            stamp_ns=self._clock.now_ns(),
            valid_for_ns=round(self._settings.valid_ticks * period_ns),
            values=values,
        )
        try:
            self._link.write(command)
        except (DeployError, OSError) as error:
            self._intake.broken = self._intake.broken or f"link: {error}"
            return False
        self._written_ns = command.stamp_ns
        self._answers.send()
        self._flight.send(self._sequence, period, values)
        return True

    # The last word.

    def last_word(self) -> np.ndarray:
        """Ramp to the safe action, at the pace of the loop, whatever happened before.

        Returns:
            The last command, [A]: the safe action, if the robot was ever armed.
        """
        if not self.armed:
            return self._guard.last
        self._guard.stay_near(None)  # nobody listens to the robot any more
        self._ramp_from, self._ramp_tick = self._guard.last, 0
        start = due = max(self._clock.now_ns(), self._written_ns + self._limits.dt_ns)
        answers = -1 if self._sight is None else self._sight.newest
        while True:
            self._clock.sleep_until(due)
            command = self._guard(self._towards_safe())
            self._write(command, answers, answers)
            there = np.array_equal(command, self._limits.safe_action)
            if there or due - start > LONGEST_RAMP_NS:
                self.armed = False
                return command
            due += self._limits.dt_ns
