"""The robot falls, starts anew, or tells too few channels."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.runtime.loop.record import Mode
from tests.deploy.runtime.loop.faults import ONSET, from_onset, run, stopped


def test_the_wrong_number_of_channels() -> None:
    made = run(from_onset(lambda o: replace(o, values=o.values[:3])))
    stopped(made, ONSET, "(3,) values, not 4")


def test_a_robot_that_falls() -> None:
    made = run(from_onset(lambda o: replace(o, fallen=True)))
    assert made.first(Mode.SAFE).tick == ONSET
    assert made.modes()[-1] is Mode.STOP
    on = run(from_onset(lambda o: replace(o, fallen=True)), stop_on_fall=False)
    assert on.modes()[-1] is Mode.NOMINAL


def test_a_real_robot_that_starts_anew_is_stopped() -> None:
    made = run(from_onset(lambda o: replace(o, reset=True), 1))
    safe = made.first(Mode.SAFE)
    assert (safe.tick, safe.reason) == (ONSET, "the robot started anew")
    assert made.modes()[-1] is Mode.STOP


@pytest.mark.parametrize("lead", [0, 1])
def test_a_simulated_robot_may_be_reset(lead: int) -> None:
    made = run(
        from_onset(lambda o: replace(o, reset=True), 1), robot={"simulated": True}, lead=lead
    )
    assert set(made.modes()[ONSET + 2 :]) == {Mode.NOMINAL}
    plans = [plan for record in made.log.records[ONSET:] for plan in record.plans]
    assert plans[lead].window == 0
    assert not made.log.records[ONSET].transition
    assert plans[lead + 3].window == 3
