"""Faults of the planner, the model and the loop itself, in virtual time."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from controllers.window import Window
from deploy.runtime.loop.clock import VirtualClock
from deploy.runtime.loop.planner import PlannerCore
from deploy.runtime.loop.ports import LocalPlanner
from deploy.runtime.loop.record import Mode, TickRecord
from deploy.runtime.loop.session import stop_signals
from tests.deploy.runtime.loop.fakes import (
    SAFE,
    Rig,
    SledModel,
    Voice,
    limits,
    rig,
    run_logged,
    sled_agent,
)

ONSET = 60
HOLD_TICKS, RECOVER_TICKS, SAFE_TICKS = 5, 10, 40


class At:
    """Does something at the end of one tick."""

    def __init__(self, tick: int, act: Callable[[], None]) -> None:
        self.tick, self.act = tick, act

    def record(self, record: TickRecord) -> None:
        if record.tick == self.tick:
            self.act()


def run(**options: Any) -> Rig:
    options.setdefault("person", Voice({}))
    made = rig(**options)
    run_logged(made)
    assert set(made.modes()[5:ONSET]) == {Mode.NOMINAL}
    np.testing.assert_array_equal(made.robot.commands[-1].values, SAFE)
    return made


# The planner is late, or never answers again.


@pytest.mark.parametrize("lead", [0, 1])
def test_one_overrun_follows_the_tail_of_the_last_plan(lead: int) -> None:
    made = run(
        latency=lambda tick: (1 + lead) * (tick == ONSET), lead=lead, robot={"transport": lead}
    )
    late = ONSET + lead
    assert [r.tick for r in made.log.records if r.mode is Mode.HOLD and r.tick > 5] == [late]
    held = made.log.records[late]
    assert held.plan_row == 1
    assert held.plan_age == 1 + lead
    assert made.accounts.summary()["misses"]["planner"] == 1
    assert "planner" in held.miss


def test_a_planner_that_hangs_leads_to_safe_and_stop() -> None:
    made = run(latency=lambda tick: 10**6 if tick >= ONSET else 0)
    modes = made.modes()
    assert set(modes[ONSET : ONSET + HOLD_TICKS]) == {Mode.HOLD}
    safe = ONSET + HOLD_TICKS
    assert set(modes[safe : safe + SAFE_TICKS]) == {Mode.SAFE}
    assert set(modes[safe + SAFE_TICKS + 1 :]) == {Mode.STOP}
    rows = [record.plan_row for record in made.log.records[ONSET - 1 : safe]]
    assert rows == [0, 1, 2, 3, 4, 5], "the tail, action by action"


def test_a_planner_that_comes_back_ends_safe_by_itself() -> None:
    made = run(latency=lambda tick: 12 if tick == ONSET else 0)
    modes = made.modes()
    fresh = ONSET + 12
    assert set(modes[ONSET + HOLD_TICKS : fresh + RECOVER_TICKS - 1]) == {Mode.SAFE}
    assert set(modes[fresh + RECOVER_TICKS :]) == {Mode.NOMINAL}


def test_a_planner_that_is_always_late_is_given_up() -> None:
    made = run(latency=lambda tick: 3 if tick >= ONSET else 0)
    assert made.first(Mode.SAFE).tick == ONSET + HOLD_TICKS
    assert made.modes()[-1] is Mode.STOP


def test_a_planner_that_raises_leaves_the_safe_action_as_the_last_word() -> None:
    made = rig(person=Voice({}))

    def broken() -> None:
        def post(task: Any) -> None:
            raise RuntimeError("the model broke")

        made.shield._planner.post = post

    made.session._sinks.append(At(ONSET, broken))
    with pytest.raises(RuntimeError, match="the model broke"):
        run_logged(made)
    np.testing.assert_array_equal(made.robot.commands[-1].values, SAFE)
    assert len(made.log.records) == ONSET + 1, "the log up to the fault"


# The plans are wrong.


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_plan_that_is_not_finite_is_refused(value: float) -> None:
    made = rig(person=Voice({}))
    collect = made.shield._planner.collect

    def poisoned(tick: int) -> list:
        plans = collect(tick)
        if tick >= ONSET:
            for plan in plans:
                plan.actions[-1, 0] = value
        return plans

    made.shield._planner.collect = poisoned
    run_logged(made)
    safe = made.first(Mode.SAFE)
    assert (safe.tick, safe.reason) == (ONSET + HOLD_TICKS, "plan: not finite")


class Broken(SledModel):
    """A model that breaks after some calls of one of its methods."""

    def __init__(self, method: str, value: float, calls: int = 2 * ONSET) -> None:
        self.method, self.value, self.left = method, value, calls

    def _value(self, method: str, result: Any) -> Any:
        if method == self.method:
            self.left -= 1
            if self.left < 0:
                return result * 0 + self.value
        return result

    def adapt(self, window: Window) -> Any:
        return (self._value("adapt", super().adapt(window)[0]),)

    def returns(self, context: Any, observation: Any, actions: Any) -> Any:
        return self._value("returns", super().returns(context, observation, actions))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_no_candidate_is_finite(value: float) -> None:
    made = run(agent=sled_agent(model=Broken("returns", value)))
    safe = made.first(Mode.SAFE)
    assert safe.tick == ONSET + HOLD_TICKS
    assert safe.reason == "plan: no candidate had a finite return"
    assert made.modes()[-1] is Mode.STOP


def test_limits_are_kept_when_the_goal_is_out_of_reach() -> None:
    class Far(SledModel):
        def returns(self, context: Any, observation: Any, actions: Any) -> Any:
            return super().returns(context, observation - np.float32(1e3), actions)

    made = run(agent=sled_agent(model=Far()))
    commands = np.array([command.values for command in made.robot.commands[20:100]])
    assert commands.mean() > 0.7, "saturated, as far as the mean of the elites can be"
    assert commands.max() <= 1
    assert made.modes()[-1] is Mode.NOMINAL


# The adaptation is wrong.


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e6])
def test_an_adapted_context_that_is_wrong_is_not_used(value: float) -> None:
    model = Broken("adapt", value, calls=ONSET)
    made = run(agent=sled_agent(model=model), robot={"gain": 0.6})
    before = made.log.records[ONSET - 20 : ONSET - 2]
    assert any(record.gate_open for record in before), "it pays to adapt to a weak motor"
    after = made.log.records[ONSET + 2 :]
    assert not any(record.gate_open for record in after)
    assert {record.mode for record in after} == {Mode.NOMINAL}, "the prior still plans"


@dataclass
class Report:
    loss_before: float
    loss_after: float
    step_norm: float


class Telling(SledModel):
    """A model that tells how its adaptation went."""

    def __init__(self, report: Callable[[int], Report]) -> None:
        self.report, self.calls = report, -1

    @property
    def last_adaptation(self) -> Report:
        return self.report(self.calls)

    def adapt(self, window: Window) -> Any:
        self.calls += 1
        return super().adapt(window)


@pytest.mark.parametrize(
    "wrong",
    [
        Report(1.0, 0.5, 100.0),
        Report(1.0, 2.5, 1.0),
        Report(1.0, 0.5, np.inf),
        Report(1, np.nan, 1),
    ],
)
def test_an_unsound_step_is_not_used_even_once(wrong: Report) -> None:
    model = Telling(lambda call: wrong if call == ONSET else Report(1.0, 0.5, 1.0))
    made = run(agent=sled_agent(model=model), robot={"gain": 0.6})
    assert made.log.records[ONSET - 1].gate_open
    record = made.log.records[ONSET]
    assert not record.gate_open
    assert record.mode is Mode.NOMINAL
    np.testing.assert_equal(record.step_norm, wrong.step_norm)
    assert made.log.records[ONSET + 1].gate_open, "one bad step is no reason to stop adapting"


def test_constant_data_harms_nothing() -> None:
    class Lazy(SledModel):
        def returns(self, context: Any, observation: Any, actions: Any) -> Any:
            return -(actions**2).sum(axis=(2, 3))

    made = run(agent=sled_agent(model=Lazy()), ticks=200)
    assert set(made.modes()[5:]) == {Mode.NOMINAL}


def test_an_outlier_in_the_window_closes_the_gate_until_it_has_left() -> None:
    from dataclasses import replace

    from deploy.runtime.link.base import Observation

    def fault(observation: Observation) -> Any:
        if observation.sequence == ONSET:
            # Below what counts as a jump, and twenty times the noise.
            values = observation.values + np.array([0, 0, 8.0, -8.0], np.float32)
            return [(0, replace(observation, values=values))]
        return [(0, observation)]

    made = rig(fault, person=Voice({}), robot={"gain": 0.6}, ticks=200)
    run_logged(made)
    assert made.log.records[ONSET - 1].gate_open
    assert not all(record.gate_open for record in made.log.records[ONSET : ONSET + 20])
    assert set(made.modes()[5:]) <= {Mode.NOMINAL, Mode.HOLD, Mode.FROZEN}
    assert made.log.records[-1].gate_open


def test_a_window_that_is_not_full_is_no_reason_to_wait() -> None:
    made = run(agent=sled_agent(window=50))
    windows = [plan.window for record in made.log.records for plan in record.plans]
    assert windows[1:50] == list(range(1, 50)) or windows[2:50] == list(range(1, 49))
    assert set(made.modes()[5:]) == {Mode.NOMINAL}


# The loop stands still.


def test_a_pause_of_two_seconds_stops_and_never_bursts() -> None:
    clock = VirtualClock()
    made = rig(clock=clock, person=Voice({}), ticks=200)
    pause = At(ONSET, lambda: clock.sleep_until(clock.now_ns() + 2 * 10**9))
    made.session._sinks.append(pause)
    run_logged(made)
    after = made.log.records[ONSET + 1]
    assert after.mode is Mode.SAFE
    assert "stood still for 2.0" in after.reason
    assert made.modes()[-1] is Mode.STOP
    assert after.tick == ONSET + 100
    assert made.accounts.summary()["misses"]["shield"] >= 99
    written = np.array(made.robot.written_at)
    assert np.diff(written).min() >= 0.9 * 0.02e9, "missed ticks are not made up for"


# People.


def test_nothing_moves_before_it_is_armed() -> None:
    made = rig(arm=False, person=Voice({ONSET: "arm"}))
    run_logged(made)
    assert {record.reason for record in made.log.records[:ONSET]} == {"not armed"}
    assert not any(record.armed for record in made.log.records[:ONSET])
    assert made.robot.commands[0].stamp_ns == made.log.records[ONSET].written_ns
    assert made.modes()[-1] is Mode.NOMINAL


def test_without_a_terminal_and_without_the_flag_nothing_is_sent() -> None:
    made = rig(arm=False, readonly=True)
    ending = run_logged(made)
    assert not ending.safe
    assert made.robot.commands == []
    assert not any(record.armed for record in made.log.records)
    assert made.modes()[-1] is Mode.NOMINAL, "the mode that would be"
    assert np.isfinite(made.log.records[-1].command).all()


def test_readonly_cannot_be_armed() -> None:
    made = rig(arm=True, readonly=True, person=Voice({ONSET: "arm"}))
    run_logged(made)
    assert made.robot.commands == []


def test_stop_at_the_terminal() -> None:
    made = rig(person=Voice({ONSET: "stop"}), ticks=None)
    ending = run_logged(made)
    assert (ending.reason, ending.safe) == ("stopped at the terminal", False)
    np.testing.assert_array_equal(made.robot.commands[-1].values, SAFE)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_with_the_safe_action(number: signal.Signals) -> None:
    made = rig(ticks=None)
    made.session._sinks.append(At(ONSET, lambda: os.kill(os.getpid(), number)))
    with stop_signals(made.session.stop):
        ending = run_logged(made)
    assert (ending.reason, ending.safe) == (number.name, False)
    before = made.log.records[ONSET].command
    last = [command.values for command in made.robot.commands[ONSET:]]
    np.testing.assert_array_equal(last[-1], SAFE)
    assert 2 <= len(last) <= 16, "ramped"
    assert np.abs(last[0] - before).max() <= 0.5


# The log.


def test_a_full_disk_stops_the_log_and_not_the_robot() -> None:
    class Full:
        def record(self, record: TickRecord) -> None:
            if record.tick >= ONSET:
                raise OSError(errno.ENOSPC, "No space left on device")

    made = rig(sinks=[Full()])
    ending = run_logged(made)
    assert "No space left on device" in ending.lost_sinks[0]
    assert made.modes()[-1] is Mode.NOMINAL
    assert len(made.log.records) == made.accounts.ticks


# The same run anywhere.


def test_the_same_run_twice() -> None:
    runs = [rig(latency=lambda tick: tick % 7 == 3) for _ in range(2)]
    first, second = ([c.values for c in made.robot.commands] for made in runs if run_logged(made))
    np.testing.assert_array_equal(first, second)


def test_a_delay_on_the_way_is_measured_and_planned_around() -> None:
    made = run(robot={"transport": 2}, ticks=200)
    assert made.log.records[-1].delay == 2
    plan = made.log.records[-1].plans[-1]
    assert plan.first_sequence == plan.observation_sequence + 2
    sent = np.array([command.values for command in made.robot.commands])
    number = made.log.records[-1].command_sequence
    np.testing.assert_array_equal(plan.in_flight, sent[number - 2 : number])


def test_delay_compensation_pays() -> None:
    def distance(delay: int) -> float:
        made = rig(robot={"transport": 3}, person=Voice({}), ticks=200)
        if not delay:
            made.shield._flight._measure = lambda delay: None
        run_logged(made)
        return -float(np.mean([record.reward for record in made.log.records[50:]]))

    assert distance(3) < 0.7 * distance(0)


@pytest.mark.parametrize("stretch", [0.997, 1.003])
@pytest.mark.parametrize("phase", [0.1, 0.6])
def test_the_deadlines_follow_a_robot_with_a_clock_of_its_own(stretch: float, phase: float) -> None:
    made = rig(robot={"stretch": stretch, "waits": True}, follow=True)
    made.robot.due += round(phase * made.robot.period)
    run_logged(made)
    records = made.log.records
    assert {record.mode for record in records} == {Mode.NOMINAL}
    assert all(record.fresh for record in records)
    waited = [record.stages["read"] for record in records[50:]]
    assert min(waited) > 0, "each arrives while it is waited for"
    assert max(waited) < 0.2 * 0.02


def test_plans_go_on_from_the_one_before() -> None:
    """A planner that is a tick late shifts its plan by two."""
    clock = VirtualClock()
    agent = sled_agent()
    shifts = []
    act = agent.act

    def spy(*args: Any, **options: Any) -> Any:
        shifts.append(options["shifts"])
        return act(*args, **options)

    agent.act = spy
    planner = LocalPlanner(PlannerCore(agent, clock, timed=False))
    rig(
        lambda o: [] if o.sequence == 30 else [(0, o)], planner=planner, clock=clock, ticks=40
    ).run()
    assert shifts.count(2) == 1
    assert set(shifts) == {1, 2}


def test_limits_refuse_what_would_let_something_out() -> None:
    from deploy.errors import DeployError

    with pytest.raises(DeployError, match="safe action"):
        limits(safe_action=np.array([2.0, 0.0], np.float32))
    with pytest.raises(DeployError, match="action limits"):
        limits(action_high=np.array([np.inf, 1.0], np.float32))
