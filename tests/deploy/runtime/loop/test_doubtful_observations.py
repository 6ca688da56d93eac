"""Observations with wrong numbers, spikes, frozen or stuck sensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from deploy.runtime.link.base import Observation
from deploy.runtime.loop.record import Mode
from deploy.runtime.loop.stillness import Stillness
from tests.deploy.runtime.loop.fakes import NAMES
from tests.deploy.runtime.loop.faults import ONSET, THAW_TICKS, from_onset, recovered, run, stopped


def with_value(channel: int, value: float) -> Callable[[Observation], Observation]:
    def change(observation: Observation) -> Observation:
        values = observation.values.copy()
        values[channel] = value
        return replace(observation, values=values)

    return change


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1e30])
@pytest.mark.parametrize("channel", range(len(NAMES)))
def test_a_wrong_number_once(channel: int, value: float) -> None:
    made = run(from_onset(with_value(channel, value), 1))
    recovered(made, ONSET, 1, doubtful=True)
    assert NAMES[channel] in made.log.records[ONSET].reason


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e6])
@pytest.mark.parametrize("channel", range(len(NAMES)))
def test_a_wrong_number_for_good(channel: int, value: float) -> None:
    stopped(run(from_onset(with_value(channel, value))), ONSET, NAMES[channel])


@pytest.mark.parametrize(("channel", "size"), [(0, 5.0), (3, 15.0)])
def test_a_spike_inside_the_range_is_a_jump(channel: int, size: float) -> None:
    made = run(from_onset(with_value(channel, size), 1))
    recovered(made, ONSET, 1, doubtful=True)
    assert f"{NAMES[channel]} jumped by" in made.log.records[ONSET].reason


def test_nothing_is_learned_while_frozen_and_the_window_is_emptied() -> None:
    made = run(from_onset(with_value(0, np.nan), 1))
    plans = {record.tick: record.plans[0] for record in made.log.records if record.plans}
    assert plans[ONSET - 1].window == 8
    assert not plans[ONSET - 1].frozen
    assert all(plans[tick].frozen for tick in range(ONSET + 1, ONSET + THAW_TICKS))
    assert {plans[tick].window for tick in range(ONSET + 1, ONSET + THAW_TICKS)} == {0}
    assert not any(plans[tick].gate_open for tick in range(ONSET + 1, ONSET + THAW_TICKS))
    assert plans[ONSET + THAW_TICKS + 10].window == 8


def test_frozen_with_fresh_stamps() -> None:
    kept: list[np.ndarray] = []

    def freeze(observation: Observation) -> Observation:
        kept.append(observation.values)
        return replace(observation, values=kept[0])

    # Three alike, the first of them genuine.
    stopped(run(from_onset(freeze)), ONSET + 2, "frozen for 8")


@pytest.mark.parametrize("channel", range(len(NAMES)))
def test_a_stuck_sensor_suspends_adaptation_then_stops(channel: int) -> None:
    kept: list[np.ndarray] = []

    def stick(observation: Observation) -> Observation:
        kept.append(observation.values)
        values = observation.values.copy()
        values[channel] = kept[0][channel]
        return replace(observation, values=values)

    made = run(from_onset(stick))
    frozen = made.first(Mode.FROZEN)
    assert frozen.tick == ONSET + 9
    assert frozen.reason == f"observation: {NAMES[channel]} stuck for 10 control periods"
    stopped(made, ONSET + 19, f"{NAMES[channel]} stuck")


def test_a_quiet_channel_is_not_a_stuck_one() -> None:
    rng = np.random.default_rng(0)
    still = Stillness(np.full(3, 1e-4), np.ones(1), frozen_after=3, stuck_after=10)
    for tick in range(200):
        contact = float(tick // 40 % 2)
        values = np.array([rng.normal(), contact, rng.normal()])
        assert still.see(values, np.zeros(1), "abc") == ""
