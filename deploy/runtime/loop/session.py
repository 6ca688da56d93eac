"""A run from its first tick to its last word."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Protocol

from deploy.errors import DeployError
from deploy.runtime.loop.accounts import Accounts
from deploy.runtime.loop.clock import Clock, Grid
from deploy.runtime.loop.record import Mode, TickRecord
from deploy.runtime.loop.settings import Limits, LoopSettings
from deploy.runtime.loop.shield import Shield

__all__ = ["Ending", "Person", "Session", "Sink", "stop_signals"]

EARLY = 0.05
"""Part of the period that the loop wakes before an observation is due, if it follows the robot."""


class Sink(Protocol):
    """Takes the record of each tick; must return at once."""

    def record(self, record: TickRecord) -> None:
        """Take it."""
        ...


class Person(Protocol):
    """Whoever arms the robot."""

    def word(self) -> str:
        """What was said since last asked: "arm", "stop", or ""."""
        ...

    @property
    def present(self) -> bool:
        """Whether anybody could still say a word."""
        ...


class Nobody:
    """No terminal."""

    present = False

    def word(self) -> str:
        return ""


@dataclass(frozen=True)
class Ending:
    """How a run ended.

    Attributes:
        reason: in words.
        safe: it was stopped for safety.
        lost_sinks: sinks that failed on the way, with the reason.
    """

    reason: str
    safe: bool
    lost_sinks: tuple[str, ...] = ()


class Session:
    """Runs a shield tick by tick.

    Args:
        shield: speaks to the robot.
        limits: of the robot.
        settings: of the loop.
        clock: of the loop.
        accounts: kept of the run.
        sinks: take each record.
        person: who may arm the robot.
        arm: arm as soon as it can be.
        ticks: length of the run, counted from arming; None: until it is stopped.
        follow: shift the deadlines so that they follow the robot's clock.
    """

    def __init__(
        self,
        shield: Shield,
        limits: Limits,
        settings: LoopSettings,
        clock: Clock,
        accounts: Accounts,
        *,
        sinks: Sequence[Sink] = (),
        person: Person | None = None,
        arm: bool = False,
        ticks: int | None = None,
        follow: bool = False,
    ) -> None:
        self._shield, self._limits, self._settings = shield, limits, settings
        self._clock, self._accounts = clock, accounts
        self._sinks = list(sinks)
        self._lost: list[str] = []
        self._person = Nobody() if person is None else person
        self._arm, self._ticks, self._follow = arm, ticks, follow
        self._begun: int | None = 0 if settings.readonly else None
        self._stop = ""
        self._failed = False

    def stop(self, reason: str) -> None:
        """End after this tick; callable from a signal handler."""
        self._stop = self._stop or reason

    def run(self) -> Ending:
        """Tick until the end; then the safe action is the last word, whatever the end was."""
        try:
            self._loop()
        except BaseException as error:
            self.stop(f"{type(error).__name__}: {error}")
            raise
        finally:
            self._shield.last_word()
        return Ending(self._stop, self._ended_unsafe(), tuple(self._lost))

    def _ended_unsafe(self) -> bool:
        mode = self._shield.modes.mode
        stopped = self._begun is not None and mode in (Mode.SAFE, Mode.STOP)
        return stopped or self._failed

    def _loop(self) -> None:
        period = self._limits.dt_ns
        early = round(EARLY * period) if self._follow else 0
        start = self._clock.now_ns()
        if self._follow:
            start = self._shield.next_arrival(2 * self._limits.dt) + period - early
        grid = Grid(start, period)
        while not self._stop:
            self._clock.sleep_until(grid.due_ns)
            self._listen()
            record = self._shield.tick(grid.tick, grid.due_ns)
            record = replace(record, miss=self._accounts.take(record))
            self._give(record)
            self._consider(record)
            if self._follow and record.fresh:
                grid.follow(record.received_ns - (grid.due_ns + early))
            self._accounts.skip(grid.advance(self._clock.now_ns()), record)

    def _give(self, record: TickRecord) -> None:
        for sink in list(self._sinks):
            try:
                sink.record(record)
            except Exception as error:
                # A full disk must not stop a robot in motion; the end of the run reports it.
                self._sinks.remove(sink)
                told = isinstance(error, DeployError)
                self._lost.append(str(error) if told else f"{type(sink).__name__}: {error}")

    def _listen(self) -> None:
        """Do what people say."""
        word = self._person.word()
        if word == "stop":
            self.stop("stopped at the terminal")
        elif word == "arm" or (self._arm and self._begun is None):
            self._shield.ask_to_arm()

    def _consider(self, record: TickRecord) -> None:
        """End the run if it has lasted long enough, or cannot go on."""
        # A simulated robot begins its episode when it is first commanded.
        begins = record.reset and self._limits.simulated and not self._accounts.steps
        if record.armed and (self._begun is None or begins):
            self._begun = record.tick
        if record.mode is Mode.STOP and record.armed and not self._person.present:
            self.stop(record.reason)  # nobody is there to arm it again
        if hopeless := self._hopeless(record):
            self._failed = True
            self.stop(hopeless)
        # One tick more than periods: its observation shows what the last of them brought.
        begun, ticks = self._begun, self._ticks
        if begun is not None and ticks is not None and record.tick - begun >= ticks:
            self.stop("the time is up")

    def _hopeless(self, record: TickRecord) -> str:
        """Why the robot cannot be armed any more, whoever asks; "" if it may be."""
        if record.mode is Mode.STOP and self._shield.broken:
            return self._shield.broken
        waits = self._arm and self._begun is None and not self._person.present
        longest_s = self._settings.arm_within_s
        if waits and record.tick * self._limits.dt >= longest_s:
            return f"{record.reason}, for {longest_s:g} s"
        return ""


@contextmanager
def stop_signals(stop: Callable[[str], None]) -> Iterator[None]:
    """Ctrl-C, SIGTERM and a lost terminal call `stop` instead of ending the process."""

    def caught(number: int, frame: FrameType | None) -> None:
        del frame
        stop(signal.Signals(number).name)

    numbers = [signal.SIGINT, signal.SIGTERM]
    # Under nohup a lost terminal is no reason to end. Ctrl-C always is, though a script lets what
    # it starts in the background ignore it: whoever says stop to a robot is heard.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, caught) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
