"""The loop stands still, clocks jump or drift, a control period is not what it should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from deploy.runtime.link.base import Observation
from deploy.runtime.loop.clock import VirtualClock
from deploy.runtime.loop.jumps import WARM
from deploy.runtime.loop.record import Mode
from tests.deploy.runtime.loop.fakes import SAFE, Voice, rig, run_logged
from tests.deploy.runtime.loop.faults import HOLD_TICKS, ONSET, At


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


@pytest.mark.parametrize("tick", [4, 6, 10])
@pytest.mark.parametrize("lost", [False, True])
def test_after_a_pause_commands_start_from_what_acts(tick: int, lost: bool) -> None:
    """The robot's watchdog has put it at its safe action: the old command is far from that."""
    clock, step = VirtualClock(), 0.05
    after = tick + 100

    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        return [] if lost and observation.sequence == after else [(0, observation)]

    made = rig(
        fault, clock=clock, person=Voice({}), ticks=200,
        bounds={"action_step": np.full(2, step, np.float32)},
    )  # fmt: skip
    made.session._sinks.append(At(tick, lambda: clock.sleep_until(clock.now_ns() + 2 * 10**9)))
    run_logged(made)
    records = [record for record in made.log.records if record.tick > tick]
    assert np.abs(made.log.records[tick].command - SAFE).max() > 4 * step
    assert records[0].mode is Mode.SAFE
    if not lost:
        assert records[0].applied_sequence == -1
        np.testing.assert_array_equal(records[0].command, SAFE)
    for record in records[1 if lost else 0 :]:
        assert np.abs(record.command - SAFE).max() <= step + 1e-6


def test_the_wall_clock_means_nothing() -> None:
    def commands(jump: int) -> np.ndarray:
        made = rig(person=Voice({}))
        ticks = iter(range(10**6))
        made.shield._wall_ns = lambda: 10**18 + (jump if next(ticks) >= ONSET else 0)
        run_logged(made)
        assert made.log.records[ONSET].wall_ns == 10**18 + jump
        assert made.modes()[-1] is Mode.NOMINAL
        return np.array([command.values for command in made.robot.commands])

    hour = 3600 * 10**9
    np.testing.assert_array_equal(commands(0), commands(hour))
    np.testing.assert_array_equal(commands(0), commands(-hour))


def test_another_control_period_than_the_bundle_says() -> None:
    def fault(observation: Observation) -> Sequence[tuple[int, Observation]]:
        stretched = observation.stamp_ns + observation.sequence * 5_000_000
        return [(0, replace(observation, stamp_ns=stretched))]

    made = rig(fault, person=Voice({}))
    run_logged(made)
    # From the first tick on a period is 0.025 s: WARM changes pass before it is judged.
    safe = made.first(Mode.SAFE)
    assert safe.tick == WARM + 1 + HOLD_TICKS
    assert safe.reason.startswith("observation: control period 0.02")
    assert made.modes()[-1] is Mode.STOP
    np.testing.assert_array_equal(made.robot.commands[-1].values, SAFE)


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
