"""Observations from a Unitree robot's states: what is missing, late or damaged."""

from __future__ import annotations

import time

import numpy as np
import pytest

from deploy.errors import DeployError
from deploy.runtime.link.unitree.layout import LOW_STATE
from tests.deploy.runtime.link.dog import WIRING, Dog, opened

PLACE = """
[[observation]]
name = "velocity_y"
unit = "m/s"
topic = "sportmodestate"
field = "body_velocity_y"
[[observation]]
name = "forward_speed"
unit = "m/s"
topic = "sportmodestate"
field = "forward_speed"
"""


def test_motors_go_by_name_and_the_quaternion_has_w_first(sdk, path):
    (link, _), dog = opened(path), Dog(sdk)
    dog.say(dog.state())
    seen = link.read(0.0)
    assert seen is not None
    # up_y = 2 (y z + w x) = 2 * 0.8 * 0.6; with w last it would be 0.
    np.testing.assert_allclose(seen.values, [-1.25, -3.5, 0.96, 0.3], rtol=1e-6)
    assert (seen.sequence, seen.stamp_ns) == (0, 5_002_000_000)
    assert (seen.applied_sequence, seen.applied.tolist()) == (-1, [-0.5])
    link.close()
    assert sdk.channel.SUBSCRIBERS == []


def test_of_500_states_one_a_period_is_observed(sdk, path):
    (link, _), dog = opened(path), Dog(sdk)
    stamps = []
    for _ in range(500):
        dog.say(dog.state())
        seen = link.read(0.0)
        stamps += [] if seen is None else [(seen.sequence, seen.stamp_ns)]
    assert len(stamps) == 50
    assert np.all(np.diff([sequence for sequence, _ in stamps]) == 1)
    assert np.all(np.abs(np.diff([stamp for _, stamp in stamps]) - 20_000_000) <= 2_000_000)
    link.close()


def test_a_wrong_checksum_is_dropped_and_counted(sdk, path):
    (link, _), dog = opened(path), Dog(sdk)
    damaged = dog.state()
    damaged.motor_state[11].q = 3.0
    dog.say(damaged)
    assert link.read(0.0) is None
    assert link.counters["checksum"] == 1
    dog.say(dog.state())
    seen = link.read(0.0)
    assert seen is not None
    assert seen.values[0] == -1.25
    link.close()


def test_checksums_may_be_left_unchecked(sdk, path):
    (link, _), dog = opened(path, "&checksum=off"), Dog(sdk)
    unsigned = dog.state()
    unsigned.crc = 0
    dog.say(unsigned)
    assert link.read(0.0) is not None
    link.close()


def test_what_is_missing_is_counted_and_nan_is_handed_on(sdk, path):
    (link, _), dog = opened(path), Dog(sdk)
    blank = dog.state(imu_state=sdk.idl.imu())
    blank.imu_state.quaternion = [0.0] * 4  # an IMU that is not ready
    blank.crc = LOW_STATE.checksum(blank)
    dog.say(blank)
    assert link.read(0.0) is None
    assert link.counters["missing orientation"] == 1
    dog.tick += 20
    broken = dog.state()
    broken.motor_state[11].q = float("nan")
    broken.crc = LOW_STATE.checksum(broken)
    dog.say(broken)
    seen = link.read(0.0)
    assert seen is not None
    assert np.isnan(seen.values[0])
    link.close()


def test_late_states_are_dropped_and_a_restart_is_told(sdk, path):
    (link, _), dog = opened(path), Dog(sdk)
    dog.say(dog.state())
    dog.tick -= 2
    dog.say(dog.state())
    assert link.counters["late"] == 0
    assert link.read(0.0) is not None
    assert link.counters["late"] == 1
    dog.tick = 10
    dog.say(dog.state())
    seen = link.read(0.0)
    assert seen is not None
    assert (seen.reset, seen.sequence) == (True, 0)
    link.close()


def test_a_silent_robot_gives_no_observation_in_time(sdk, path):
    link, _ = opened(path)
    began = time.monotonic()
    assert link.read(0.05) is None
    assert time.monotonic() - began >= 0.05
    with pytest.raises(DeployError, match=r"from the dog in 0\.01 s: came nothing"):
        link.await_robot(0.01)
    link.close()


def test_speeds_come_from_a_second_topic(sdk, path):
    path.write_text("max_age = 0.5\n" + WIRING + PLACE)
    (link, _), dog = opened(path), Dog(sdk)
    half = np.pi / 4  # it heads along the world's y
    for period in range(3):
        place = sdk.idl.sport_mode_state()
        place.imu_state.quaternion = [0.0] * 4  # as unitree_mujoco leaves it
        place.position = [0.0, 0.03 * period, 0.3]
        place.velocity = [2.0, 0.0, 0.0]
        sdk.channel.deliver("rt/sportmodestate", place)
        dog.tick += 18
        state = dog.state()
        state.imu_state.quaternion = [np.cos(half), 0.0, 0.0, np.sin(half)]
        state.crc = LOW_STATE.checksum(state)
        dog.say(state)
    seen = link.read(0.0)
    assert seen is not None
    np.testing.assert_allclose(seen.values[-2:], [-2.0, 1.5], rtol=1e-5)
    assert dict(link.counters) == {"missing position of the period before": 1}
    time.sleep(0.55)
    dog.tick += 18
    dog.say(dog.state())
    assert link.read(0.0) is None
    assert link.counters["missing sportmodestate (too old)"] == 1
    link.close()
